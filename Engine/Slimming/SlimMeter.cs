using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Slimming;

/// <summary>How good the original is and what is made of it: by the metric of its task where there are labels, else by how far their answers agree.</summary>
sealed class SlimMeter(OnnxModel source, EvaluationOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
{
    TaskMeasurement? _validation;

    /// <summary>The task, as model and data tell it.</summary>
    public ModelTask Task(ItemSet? items) => ModelTasks.Of(TaskSubject.Of(source.Proto, options), items);

    /// <summary>Whether items have labels that the task is measured on.</summary>
    public bool IsLabelled(ItemSet? items) => items is not null && Task(items).IsLabelled(items);

    /// <summary>How good a model is on labelled items.</summary>
    public TaskMeasurement Measure(ModelProto model, ItemSet items) => TaskEvaluator.Measure(model, items, options, progress, cancellation);

    /// <summary>The same where items may say nothing of it, e.g. pictures without any object that the original is sure of, or have no answers of their own: then null.</summary>
    public TaskMeasurement? AgreeIfAny(ModelProto model, ItemSet items)
    {
        try
        {
            return Agree(model, items) is { Metrics.Count: > 0 } agreement ? agreement : null;
        }
        catch (OnnxEngineException nothing) when (nothing.Kind is ErrorKind.Data or ErrorKind.Model)
        {
            Note = $"Agreement is not measured: {nothing.Message.TrimEnd('.')}.";
            return null;
        }
    }

    /// <summary>Why agreement is not measured, or null.</summary>
    public string? Note { get; private set; }

    /// <summary>How far a model's answers agree with the original's.</summary>
    public TaskMeasurement Agree(ModelProto model, ItemSet items) => TaskEvaluator.Agree(source.Proto, model, items, options, progress, cancellation);

    /// <summary>What a model loses, in points of the task's metric (percent of it, where it is no fraction); of agreement where there are no labels.</summary>
    /// <exception cref="OnnxEngineException">The labels of a classifier are in doubt (<see cref="ErrorKind.Data"/>), or agreement is counted in no fraction.</exception>
    public double Drop(ModelProto model, ItemSet items)
    {
        if (!IsLabelled(items)) return Lost(Agree(model, items));
        if (_validation is null)
        {
            _validation = Measure(source.Proto, items);
            if (_validation.Classification is { } accuracy) LabelAgreement.Require(accuracy, options);
        }
        return _validation.Main.Loss(Measure(model, items).Main);
    }

    // Against full agreement.
    static double Lost(TaskMeasurement agreement) => agreement.Metrics.FirstOrDefault() is { IsFraction: true } main ? 100 * (main.IsHigherBetter ? 1 - main.Value : main.Value)
        : throw new OnnxEngineException(ErrorKind.Data, $"SlimBudget.MaxDrop needs labels for a model that is measured as {agreement.Task}: what its answers differ by has no scale of its own; give SlimData.Validation with labels.");
}
