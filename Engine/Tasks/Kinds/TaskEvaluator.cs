using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Tasks.Kinds;

/// <summary>Measures models at what they are for.</summary>
public static class TaskEvaluator
{
    /// <summary>Runs a model over labelled items.</summary>
    /// <param name="model">The model.</param>
    /// <param name="items">The items; those without a label of the task are left out of its metrics.</param>
    /// <param name="options">Which task, output and pooling; null: recognised.</param>
    /// <param name="progress">Told how many items are done.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <exception cref="OnnxEngineException">The model is not of the task asked for (<see cref="ErrorKind.Model"/>), or the items have no labels it is measured on (<see cref="ErrorKind.Data"/>).</exception>
    /// <exception cref="OnnxSurgeryException">ONNX Runtime refuses the model.</exception>
    public static TaskMeasurement Measure(
        OnnxModel model, ItemSet items, EvaluationOptions? options = null, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Measure(model.Proto, items, options ?? new EvaluationOptions(), progress, cancellation);
    }

    /// <summary>Compares a model's answers with another's, the original's; needs no labels.</summary>
    /// <param name="original">The model that is agreed with.</param>
    /// <param name="edited">The other, with the same inputs and outputs.</param>
    /// <param name="items">The items.</param>
    /// <param name="options">Which task, output and pooling; null: recognised.</param>
    /// <param name="progress">Told how many items are done.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <inheritdoc cref="Measure(OnnxModel, ItemSet, EvaluationOptions?, IProgress{WorkProgress}?, CancellationToken)"/>
    public static TaskMeasurement Agree(
        OnnxModel original, OnnxModel edited, ItemSet items, EvaluationOptions? options = null, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(original);
        ArgumentNullException.ThrowIfNull(edited);
        return Agree(original.Proto, edited.Proto, items, options ?? new EvaluationOptions(), progress, cancellation);
    }

    internal static TaskMeasurement Measure(ModelProto model, ItemSet items, EvaluationOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        using var execution = ExecutionOptions.Enter(options.Execution);
        var subject = TaskSubject.Of(model, options);
        var task = ModelTasks.Of(subject, items);
        if (!task.IsLabelled(items)) throw Unlabelled(task, subject, items);
        return task.Measure(subject, items, progress, cancellation) with { Reading = task.Reads(subject).Said };
    }

    // Labels of a task that the model could be of but for something say more than that those of its form are missing.
    static OnnxEngineException Unlabelled(ModelTask task, TaskSubject subject, ItemSet items)
    {
        if (subject.Options.Task is null)
            foreach (var other in ModelTasks.Table.Rows.Where(other => other.IsLabelled(items)))
                if (other.Obstacle(subject) is { } why)
                    return new OnnxEngineException(ErrorKind.Model, $"The data is labelled for {other.Name}, and the model cannot be measured as {other.Name}: it {why}.");
        return new OnnxEngineException(
            ErrorKind.Data, $"The data holds no labels that a model is measured on as {task.Name}; use data with labels, or name another task with EvaluationOptions.Task.");
    }

    internal static TaskMeasurement Agree(ModelProto original, ModelProto edited, ItemSet items, EvaluationOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        using var execution = ExecutionOptions.Enter(options.Execution);
        var subject = TaskSubject.Of(original, options);
        var task = ModelTasks.Of(subject, items);
        var (tensors, said) = task.Reads(subject);
        if (tensors.Count == 0) return new TaskMeasurement(task.Name, items.Count, []) { Reading = said, IsAgreement = true };
        using var first = new TaskSession(subject, tensors);
        using var second = new TaskSession(TaskSubject.Of(edited, options), tensors);
        var meter = task.Agree(subject, items);
        TaskSession.RunBoth(first, second, items, meter.Add, progress, cancellation);
        return new TaskMeasurement(task.Name, items.Count, meter.Complete()) { Reading = said, IsAgreement = true };
    }
}
