using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Tasks.Kinds;

/// <summary>All tasks.</summary>
static class ModelTasks
{
    /// <summary>The rows; a new task is one more. A model is of the first that it can be of, one that the labels of the data fit before the others.</summary>
    public static Choices<ModelTask> Table { get; } = new("task",
        new ClassificationTask(),
        new EmbeddingTask(),
        new DetectionTask(),
        new SequenceTask(),
        new DenseTask(),
        new RegressionTask());

    /// <summary>Whether each text is an item of its own where data has two in a row, as embeddings are compared; else both together are one.</summary>
    public static bool IsTextPerItem(TaskSubject subject) => subject.Options.Task is { } name ? Table.Of(name) is EmbeddingTask : new EmbeddingTask().IsTelling(subject);

    /// <summary>The task of a model.</summary>
    /// <param name="subject">The model.</param>
    /// <param name="items">The data, or null.</param>
    /// <exception cref="OnnxEngineException">It cannot be of the task that was asked for (<see cref="ErrorKind.Model"/>), or of none.</exception>
    public static ModelTask Of(TaskSubject subject, ItemSet? items)
    {
        if (subject.Options.Task is { } name)
        {
            var asked = Table.Of(name);
            return asked.Obstacle(subject) is { } why ? throw new OnnxEngineException(ErrorKind.Model, $"The model cannot be measured as {name}: it {why}.") : asked;
        }
        var possible = Table.Rows.Where(task => task.Obstacle(subject) is null).ToArray();
        return possible.FirstOrDefault(task => items is not null && task.Fits(subject, items)) ?? possible.First(task => task.IsTelling(subject));
    }
}
