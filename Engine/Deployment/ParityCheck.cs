using OnnxEdit.Engine.Edits;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Deployment;

/// <summary>Whether a version answers as another model does.</summary>
static class ParityCheck
{
    const int Items = 8;

    /// <summary>Largest relative difference from the model it must agree with, over made-up items.</summary>
    /// <exception cref="OnnxEngineException">Other inputs or outputs, or other values (<see cref="ErrorKind.VerificationFailed"/>).</exception>
    internal static double Run(ServableModel model, OnnxModel source, Func<int, IReadOnlyList<TensorValue>> item, CancellationToken cancellation)
    {
        using var other = ServableModel.Open(source.Path ?? throw new OnnxEngineException(ErrorKind.Usage, "The model to agree with must be a file; save it first."));
        if (!other.Inputs.Select(input => (input.Name, input.Datatype)).SequenceEqual(model.Inputs.Select(input => (input.Name, input.Datatype)))
            || !other.Outputs.Select(output => (output.Name, output.Datatype)).SequenceEqual(model.Outputs.Select(output => (output.Name, output.Datatype))))
            throw Refused($"it has other inputs or outputs than '{source.Path}'");
        var (worst, isHalf) = (0.0, false);
        for (var i = 0; i < Items; i++)
        {
            var inputs = item(i);
            var (a, b) = (other.Run(inputs, null, cancellation), model.Run(inputs, null, cancellation));
            for (var o = 0; o < a.Count; o++) worst = Math.Max(worst, TensorDifference.Largest(a[o], b[o]));
            isHalf = a.Concat(inputs).Any(tensor => tensor.Type.Name is "FP16" or "BF16");
        }
        var tolerance = isHalf ? EditVerification.HalfTolerance : EditVerification.Tolerance;
        return worst <= tolerance ? worst : throw Refused(FormattableString.Invariant(
            $"its outputs differ by {worst:g3} from those of '{source.Path}' (allowed: {tolerance:g1}); leave DeployOptions.Parity away for an edit that is meant to change answers"));
    }

    static OnnxEngineException Refused(string why) => new(ErrorKind.VerificationFailed, $"The model is not deployed: {why}.");
}
