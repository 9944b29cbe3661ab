using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Deployment.Gates;

/// <summary>What gates are judged on; each thing is measured once, when it is asked for.</summary>
sealed class GateMeasurements
{
    readonly Lazy<TaskMeasurement?> _own;
    readonly Lazy<TaskMeasurement?> _active;
    readonly Lazy<Quartiles?> _speedUp;

    /// <summary>Measures nothing yet.</summary>
    /// <param name="model">The version as written.</param>
    /// <param name="active">The version that is active; null: there is none.</param>
    /// <param name="images">Labelled test items; null: there are none.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told how far measuring has come.</param>
    /// <param name="cancellation">Ends the work early.</param>
    public GateMeasurements(OnnxModel model, OnnxModel? active, ItemSet? images, DeployOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        _own = new(() => images is null ? null : TaskEvaluator.Measure(model, images, options.Evaluation, progress, cancellation));
        _active = new(() => images is null || active is null ? null : TaskEvaluator.Measure(active, images, options.Evaluation, progress, cancellation));
        _speedUp = new(() => active is null ? null
            : LatencyComparison.Measure(active, model, options.Latency with { InputShapes = options.InputShapes }, progress, cancellation)[0].SpeedUp);
    }

    /// <summary>How good it is; null without items.</summary>
    public TaskMeasurement? Own => _own.Value;

    /// <summary>How good the active version is; null without items or such a version.</summary>
    public TaskMeasurement? Active => _active.Value;

    /// <summary>The change of accuracy against the active version; null without items or such a version, or where the model is no classifier.</summary>
    public PairedDifference? Change => Own?.Classification is { } own && Active?.Classification is { } active ? PairedDifference.Of(active.Correct, own.Correct) : null;

    /// <summary>How many times as fast as the active version; null without one.</summary>
    public Quartiles? SpeedUp => _speedUp.Value;

    /// <summary>The same, if a gate has asked for it.</summary>
    public Quartiles? MeasuredSpeedUp => _speedUp.IsValueCreated ? _speedUp.Value : null;
}
