using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Edits;

/// <summary>
/// Checks of an edited model before it leaves: structure, that ONNX Runtime loads and runs it, finite outputs of the
/// shapes stated, and equality with another model where the edit is exact.
/// </summary>
static class EditVerification
{
    /// <summary>Largest allowed max|a-b| / max(1, max|a|) between models that must agree, float32.</summary>
    public const double Tolerance = 1e-4;

    /// <summary>The same for models with 16-bit floats.</summary>
    public const double HalfTolerance = 2e-2;

    /// <summary>The tolerance for a network.</summary>
    public static double ToleranceFor(NormalisedModel model) =>
        model.Proto.Graph.Initializer.Any(t => t.DataType is (int)TensorElementType.Float16 or (int)TensorElementType.BFloat16) ? HalfTolerance : Tolerance;

    /// <summary>Checks structure, loading, shapes and finiteness.</summary>
    /// <param name="baseline">The model before the edit.</param>
    /// <param name="edited">The model after the edit.</param>
    /// <param name="signature">What it takes and returns now; null: what the baseline does.</param>
    /// <returns>What was left out, as a sentence; null: nothing.</returns>
    /// <exception cref="OnnxEngineException">A check fails (<see cref="ErrorKind.VerificationFailed"/>).</exception>
    public static string? Require(NormalisedModel baseline, ModelProto edited, RunSignature? signature)
    {
        try
        {
            ModelValidator.Check(edited);
            string[] names = [.. baseline.Proto.Graph.Output.Select(o => o.Name)];
            if (names.Except(edited.Graph.Output.Select(o => o.Name)).FirstOrDefault() is { } lost) throw Failed($"output '{lost}' is missing");
            var traced = RunSignature.Of(baseline);
            var stated = signature ?? traced;
            HashSet<string> pending = [.. names];
            var leftOut = 0L;
            for (var kind = 0; kind < ProbeRun.Kinds && pending.Count > 0; kind++)
            {
                var before = ProbeRun.Of(baseline.Proto, baseline, names, i => traced.Inputs[i.Name], kind);
                var after = ProbeRun.Of(edited, baseline, names, i => stated.Inputs[i.Name], kind);
                foreach (var (name, original) in before)
                {
                    if (!after.TryGetValue(name, out var found)) throw Failed($"output '{name}' is no tensor any more");
                    // A shape that depends on values is another one in every run.
                    var isFixed = traced.Outputs.TryGetValue(name, out var shape) && original.Shape.AsSpan().SequenceEqual(shape);
                    if (isFixed && !found.Shape.AsSpan().SequenceEqual(stated.Outputs[name]))
                        throw Failed($"output '{name}' has shape [{string.Join(',', found.Shape)}] instead of [{string.Join(',', stated.Outputs[name])}]");
                    RequireFinite(name, original.Values, found.Values);
                    if (original.Values.Length > 0 && !original.Values.Any(float.IsFinite)) continue;
                    if (pending.Remove(name)) leftOut += original.Values.Count(v => !float.IsFinite(v));
                }
                pending.RemoveWhere(name => !before.ContainsKey(name));
            }
            if (pending.Count > 0)
                throw Failed($"output '{pending.First()}' of the model as it was given has no finite value on any input that was tried, so nothing can be compared");
            return leftOut == 0 ? null : FormattableString.Invariant($"{leftOut} output values are not finite before the edit, either, on the inputs that were compared, and were left out.");
        }
        catch (OnnxSurgeryException e)
        {
            throw Failed(e.Message.TrimEnd('.'), e);
        }
    }

    /// <summary>Checks that two models agree on made-up inputs.</summary>
    /// <returns>The largest difference of any output, as a fraction of max(1, largest value).</returns>
    /// <exception cref="OnnxEngineException">They differ by more than the tolerance, or nothing can be compared (<see cref="ErrorKind.VerificationFailed"/>).</exception>
    public static double RequireEqual(NormalisedModel baseline, ModelProto expected, ModelProto actual)
    {
        var names = ComparedTensors.Of(baseline);
        var tolerance = ToleranceFor(baseline);
        // A last bit before a rounding may be a whole step behind it.
        (expected, actual) = (UnroundedGraph.Of(expected), UnroundedGraph.Of(actual));
        HashSet<string> pending = [.. names];
        var error = 0.0;
        for (var kind = 0; kind < ProbeRun.Kinds && pending.Count > 0; kind++)
        {
            long[] Shape(ValueInfoProto input) => baseline.Trace.Shape(input.Name);
            var (a, b) = (ProbeRun.Of(expected, baseline, names, Shape, kind), ProbeRun.Of(actual, baseline, names, Shape, kind));
            foreach (var (name, found) in a)
            {
                // An inner tensor may itself have lost channels; what is left of it is read by others that are compared.
                if (found.Values.Length != b[name].Values.Length && !baseline.Index.IsOutput(name)) pending.Remove(name);
                else if (LargestDifference.Of<float>(found.Values, b[name].Values) is var difference && !difference.IsWithin(tolerance))
                    throw Failed(FormattableString.Invariant($"output '{name}' differs by {difference.Value:g3} from the original with the removed channels masked"));
                else if (difference.Compared > 0 || found.Values.Length == 0)
                {
                    error = Math.Max(error, difference.Relative);
                    pending.Remove(name);
                }
            }
            pending.RemoveWhere(name => !a.ContainsKey(name));
        }
        return pending.Count == 0 ? error
            : throw Failed($"'{pending.First()}' has no finite value on any input that was tried, so nothing can be compared");
    }

    /// <summary>How every failure reads.</summary>
    public static OnnxEngineException Failed(string why, Exception? inner = null) =>
        new(ErrorKind.VerificationFailed, $"The edited model failed verification: {why}; nothing was written. Please report this model.", inner);

    // Where shapes agree, place by place; else a network that was finite has to stay so.
    static void RequireFinite(string name, float[] before, float[] after)
    {
        var wrong = before.Length == after.Length ? before.Zip(after).Any(p => float.IsFinite(p.First) && !float.IsFinite(p.Second))
            : before.All(float.IsFinite) && !after.All(float.IsFinite);
        if (wrong) throw Failed($"output '{name}' is not finite");
    }
}
