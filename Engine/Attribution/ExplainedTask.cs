using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery.Components;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Attribution;

/// <summary>What attributions explain of a model: the class of an example, the next word of a text, or its task's own answer.</summary>
static class ExplainedTask
{
    // Of ids that look up no table nothing is known but that they are at least 0 and 1.
    const int NoTable = 2;

    /// <summary>Whether it is explained by its mean margin over the words that come next; texts then need no labels.</summary>
    /// <param name="model">The model.</param>
    /// <param name="task">The task that was asked for, or null.</param>
    public static bool IsLanguageModel(ModelProto model, string? task)
    {
        if (task is not null || !TokenMargin.Fits(model)) return false;
        // A vector for each token is no score for each word where it is shorter than there are words.
        var (words, scores) = (ModelInput.All(model, null)[0].Bound, DeclaredTensor.Of(model.Graph.Output[0]).Shape[2]);
        return words <= NoTable || scores < 0 || scores >= words;
    }

    /// <summary>The task whose own answer is explained; null for classifiers and language models.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">What was asked for.</param>
    /// <param name="items">The examples, or null.</param>
    /// <exception cref="OnnxEngineException">It cannot be of the task that was asked for (<see cref="Surgery.ErrorKind.Model"/>).</exception>
    public static ModelTask? Of(ModelProto model, EvaluationOptions options, ItemSet? items) =>
        IsLanguageModel(model, options.Task) || ModelTasks.Of(TaskSubject.Of(model, options), items) is var task && task is ClassificationTask ? null : task;
}
