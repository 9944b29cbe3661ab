using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Deployment.Gates;

/// <summary>What gates are judged on; each thing is measured once, when it is asked for.</summary>
sealed class GateMeasurements
{
    readonly Lazy<Evaluation?> _accuracy;
    readonly Lazy<PairedDifference?> _change;
    readonly Lazy<Quartiles?> _speedUp;

    /// <summary>Measures nothing yet.</summary>
    /// <param name="model">The version as written.</param>
    /// <param name="active">The version that is active; null: there is none.</param>
    /// <param name="images">Labelled test images; null: there are none.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told how far measuring has come.</param>
    /// <param name="cancellation">Ends the work early.</param>
    public GateMeasurements(OnnxModel model, OnnxModel? active, ItemSet? images, DeployOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        _accuracy = new(() => images is null ? null : Evaluator.Evaluate(model, images, options.Evaluation, progress, cancellation));
        _change = new(() => images is null || active is null ? null
            : PairedDifference.Of(Evaluator.Evaluate(active, images, options.Evaluation, progress, cancellation).Correct, Accuracy!.Correct));
        _speedUp = new(() => active is null ? null
            : LatencyComparison.Measure(active, model, options.Latency with { InputShapes = options.InputShapes }, progress, cancellation)[0].SpeedUp);
    }

    /// <summary>Accuracy; null without images.</summary>
    public Evaluation? Accuracy => _accuracy.Value;

    /// <summary>Its change against the active version; null without images or such a version.</summary>
    public PairedDifference? Change => _change.Value;

    /// <summary>How many times as fast as the active version; null without one.</summary>
    public Quartiles? SpeedUp => _speedUp.Value;

    /// <summary>The same, if a gate has asked for it.</summary>
    public Quartiles? MeasuredSpeedUp => _speedUp.IsValueCreated ? _speedUp.Value : null;
}
