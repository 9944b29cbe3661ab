using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Edits;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Deployment;

/// <summary>What a version must satisfy before it is published. Each gate measures, and throws when it is not passed.</summary>
static class DeploymentGates
{
    const int ParityItems = 8;

    /// <summary>Largest relative difference from the model it must agree with, over made-up items.</summary>
    /// <exception cref="OnnxEngineException">Other inputs or outputs, or other values (<see cref="ErrorKind.VerificationFailed"/>).</exception>
    internal static double Parity(ServableModel model, OnnxModel source, Func<int, IReadOnlyList<TensorValue>> item, CancellationToken cancellation)
    {
        using var other = ServableModel.Open(source.Path ?? throw new OnnxEngineException(ErrorKind.Usage, "The model to agree with must be a file; save it first."));
        if (!other.Inputs.Select(input => (input.Name, input.Datatype)).SequenceEqual(model.Inputs.Select(input => (input.Name, input.Datatype)))
            || !other.Outputs.Select(output => (output.Name, output.Datatype)).SequenceEqual(model.Outputs.Select(output => (output.Name, output.Datatype))))
            throw Refused($"it has other inputs or outputs than '{source.Path}'");
        var (worst, isHalf) = (0.0, false);
        for (var i = 0; i < ParityItems; i++)
        {
            var inputs = item(i);
            var (a, b) = (other.Run(inputs, null, cancellation), model.Run(inputs, null, cancellation));
            for (var o = 0; o < a.Count; o++) worst = Math.Max(worst, TensorDifference.Largest(a[o], b[o]));
            isHalf = a.Concat(inputs).Any(tensor => tensor.Type.Name is "FP16" or "BF16");
        }
        var tolerance = isHalf ? EditVerification.HalfTolerance : EditVerification.Tolerance;
        return worst <= tolerance ? worst : throw Refused(FormattableString.Invariant(
            $"its outputs differ by {worst:g3} from those of '{source.Path}' (allowed: {tolerance:g1}); leave --parity away for an edit that is meant to change answers"));
    }

    /// <summary>Accuracy, and its change against the active version.</summary>
    /// <exception cref="OnnxEngineException">Too low (<see cref="ErrorKind.TargetNotReached"/>).</exception>
    internal static (Evaluation Own, PairedDifference? Change) Accuracy(
        OnnxModel model, OnnxModel? active, ItemSet images, DeployOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        var own = Evaluator.Evaluate(model, images, options.Evaluation, progress, cancellation);
        if (options.RequireAccuracy is { } wanted && own.Top1 < wanted)
            throw Missed(FormattableString.Invariant($"top-1 is {100 * own.Top1:f2} % on {own.Count} test images and {100 * wanted:f2} % are required"));
        if (active is null) return (own, null);
        var change = PairedDifference.Of(Evaluator.Evaluate(active, images, options.Evaluation, progress, cancellation).Correct, own.Correct);
        if (options.MaxDrop is { } drop && -change.Difference > drop)
            throw Missed(FormattableString.Invariant($"top-1 is {-100 * change.Difference:f2} points below the active version's on {own.Count} test images and {100 * drop:f2} may be lost"));
        return (own, change);
    }

    /// <summary>How many times as fast as the active version.</summary>
    /// <exception cref="OnnxEngineException">Too slow (<see cref="ErrorKind.TargetNotReached"/>).</exception>
    internal static double SpeedUp(OnnxModel model, OnnxModel active, DeployOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        var latency = options.Latency with { InputShapes = options.InputShapes };
        var found = LatencyComparison.Measure(active, model, latency, progress, cancellation)[0].SpeedUp!.Value;
        return found.Median >= options.RequireSpeedUp ? found.Median : throw Missed(FormattableString.Invariant(
            $"it is {found.Median:f2} times as fast as the active version (middle half {found.Lower:f2} - {found.Upper:f2}) and {options.RequireSpeedUp:f2} is required"));
    }

    static OnnxEngineException Refused(string why) => new(ErrorKind.VerificationFailed, $"The model is not deployed: {why}.");

    static OnnxEngineException Missed(string why) => new(ErrorKind.TargetNotReached, $"The model is not deployed: {why}.");
}
