using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Training;

/// <summary>The classes of a teacher, as sure as it is of them, or those that the data says.</summary>
sealed class ClassGoal : TrainingGoal
{
    readonly FinetuneOptions _options;
    readonly TargetSource _targets;
    readonly ValidationLook _look;
    readonly int _batch;

    /// <summary>Loads model and teacher.</summary>
    /// <param name="model">The folded model.</param>
    /// <param name="source">The model as it was given.</param>
    /// <param name="signature">It as a classifier.</param>
    /// <param name="validation">What is looked at.</param>
    /// <param name="options">How.</param>
    /// <param name="session">Batch and weights.</param>
    /// <inheritdoc cref="TrainingSession.Create(NormalisedModel, ClassifierSignature, TrainingSessionOptions)" path="/exception"/>
    public ClassGoal(NormalisedModel model, OnnxModel source, ClassifierSignature signature, ItemSet validation, FinetuneOptions options, TrainingSessionOptions session)
    {
        (_options, _batch) = (options, session.Batch);
        var features = options is { Features: { } parts, Teacher: { } teacher } ? FeaturePair.Find(model, teacher, parts) : [];
        Session = TrainingSession.Create(model, signature, session with { Temperature = options.Teacher is null ? 1 : options.Temperature, Features = features });
        try
        {
            _targets = new TargetSource(options, source, Session.Targets.Length / _batch, features);
        }
        catch
        {
            Session.Dispose();
            throw;
        }
        // Labels alone are kept whole: what they say is known to hold for the image as it is.
        var looked = options is { Teacher: not null } && (options.Flip == true || options.Shift > 0) ? new AugmentedItemSet(validation, options) : validation;
        _look = new ValidationLook(looked, _targets, options.Evaluation, _batch);
    }

    /// <inheritdoc/>
    public override TrainingSession Session { get; }

    /// <inheritdoc/>
    public override string Said => _options.Teacher is null ? "labels" : FormattableString.Invariant($"the teacher's answers at temperature {_options.Temperature:0.##}");

    /// <inheritdoc/>
    public override void Fill(ItemSet items, IReadOnlyList<BatchInput> inputs) =>
        _targets.Fill(inputs, Enumerable.Range(0, items.Count).Select(items.Label).ToArray(), Session.Targets, Session.Features);

    /// <inheritdoc/>
    public override double Unavoidable => _targets.Entropy(Session.Targets) / _batch;

    /// <inheritdoc/>
    public override TrainingLook At(ModelProto graph) => _look.At(graph);

    /// <inheritdoc/>
    public override TaskMeasurement? Measure(OnnxModel model, ItemSet? test, IProgress<WorkProgress>? progress) =>
        test is { IsLabelled: true } ? new ClassificationTask().Of(Evaluator.Evaluate(model, test, _options.Evaluation, progress, CancellationToken.None)) : null;

    /// <inheritdoc/>
    public override void Dispose()
    {
        _targets.Dispose();
        Session.Dispose();
    }
}
