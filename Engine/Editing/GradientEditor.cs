using OnnxEdit.Engine.Editing.Editors;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Training;
using OnnxEdit.Engine.Training.Rules;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Editing;

/// <summary>
/// Edits a classifier so that it gives one image a chosen class: at most ten gradient steps on
/// max(0, largest other log-probability - log-probability of the class), in inference mode, success being tested before
/// each step (Sinitsin et al., 2020). Every edit starts from the model as it was given.
/// </summary>
sealed class GradientEditor : IDisposable
{
    /// <summary>Steps at most.</summary>
    public const int Steps = 10;

    readonly NormalisedModel _model;
    readonly TrainingSession _session;
    readonly float[][] _original;
    readonly GradientSteps _steps;
    readonly double? _given;

    GradientEditor(NormalisedModel model, TrainingSession session, GradientSteps steps, double? stepSize) =>
        (_model, _session, _original, _steps, _given) = (model, session, session.Snapshot(), steps, stepSize);

    /// <summary>Prepares a model.</summary>
    /// <param name="model">The folded classifier; not changed.</param>
    /// <param name="steps">How weights follow their gradients.</param>
    /// <param name="stepSize">Step size a; null: chosen for every image so that the first step takes a quarter of the loss away, to first order (a tenth with momentum).</param>
    /// <param name="weights">Names of the weights to edit; null: all.</param>
    /// <param name="output">Name of the logits, or null.</param>
    /// <exception cref="OnnxEngineException">Not a float32 classifier that takes one image at a time.</exception>
    /// <exception cref="OnnxSurgeryException">An operator has no gradient.</exception>
    public static GradientEditor Create(NormalisedModel model, GradientSteps steps, double? stepSize, IReadOnlyCollection<string>? weights = null, string? output = null)
    {
        var signature = ClassifierSignature.Of(model.Proto, output);
        if (signature.FixedBatch is > 1) throw new OnnxEngineException(ErrorKind.Model, $"The model's batch is fixed at {signature.FixedBatch}, and an edit is of one image; export it with an open batch.");
        var session = TrainingSession.Create(model, signature, new TrainingSessionOptions { Batch = 1, Loss = TrainingLoss.Edit, Weights = weights, Blocked = false });
        return new GradientEditor(model, session, steps, stepSize);
    }

    /// <summary>Step size of the last edit.</summary>
    public double StepSize { get; private set; }

    /// <summary>The weights that are edited, as the last edit left them.</summary>
    public IReadOnlyList<TrainedWeight> Weights => _session.Weights;

    /// <summary>Edits.</summary>
    /// <param name="image">The image, as the model takes it.</param>
    /// <param name="label">The class it shall have.</param>
    /// <exception cref="OnnxEngineException">Another number of values, or no such class.</exception>
    public EditOutcome Edit(ReadOnlySpan<float> image, int label)
    {
        if (image.Length != _session.Images.Length)
            throw new OnnxEngineException(ErrorKind.Data, $"The image has {image.Length} values and the model takes {_session.Images.Length}.");
        if (label < 0 || label >= _session.Targets.Length)
            throw new OnnxEngineException(ErrorKind.Usage, $"There is no class {label}: the model has {_session.Targets.Length}, 0 to {_session.Targets.Length - 1}.");
        _session.Restore(_original);
        image.CopyTo(_session.Images);
        Array.Clear(_session.Targets);
        _session.Targets[label] = 1;
        StepSize = _given ?? Chosen();
        var rule = _steps.Rule(StepSize);
        for (var step = 0; ; step++)
        {
            var (loss, isFinite) = _session.Step(step < Steps ? rule : null, goal: 0);
            if (!isFinite || loss <= 0 || step == Steps) return new EditOutcome(isFinite && loss <= 0, step, loss);
        }
    }

    /// <summary>A copy of the graph with the weights of the last edit.</summary>
    public ModelProto Edited()
    {
        var copy = _model.Proto.Clone();
        _session.CopyTo(copy);
        return copy;
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    double Chosen()
    {
        var first = new FirstStep(_steps) { StepSize = 0 };
        var (loss, _) = _session.Step(first, goal: 0);
        return first.Gain > 0 ? first.Share * loss / first.Gain : 0;
    }
}
