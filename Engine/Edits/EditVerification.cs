using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Edits;

/// <summary>
/// Checks of an edited model before anything is written: structure, that ONNX Runtime loads and runs it, finite
/// outputs of unchanged shape, and equality with another model where the edit is exact.
/// </summary>
static class EditVerification
{
    /// <summary>Largest allowed max|a-b| / max(1, max|a|) between models that must agree, float32.</summary>
    public const double Tolerance = 1e-4;

    /// <summary>The same for models with 16-bit floats.</summary>
    public const double HalfTolerance = 2e-2;

    /// <summary>A batch that no model is traced at, large enough that a fraction of it is not 0.</summary>
    const int OtherBatch = 5;

    /// <summary>Checks structure, loading, shapes and finiteness.</summary>
    /// <param name="source">The model before the edit, for the input and output shapes.</param>
    /// <param name="edited">The model after the edit.</param>
    /// <exception cref="OnnxEngineException">A check fails (<see cref="ErrorKind.VerificationFailed"/>).</exception>
    public static void Check(NormalisedModel source, ModelProto edited)
    {
        try
        {
            ModelValidator.Check(edited);
            string[] names = [.. source.Proto.Graph.Output.Select(o => o.Name)];
            var (before, after) = (Run(source.Proto, source, names), Run(edited, source, names));
            foreach (var (name, (original, wanted)) in before)
            {
                var (values, shape) = after[name];
                if (!shape.AsSpan().SequenceEqual(wanted) && source.Trace.Shape(name).AsSpan().SequenceEqual(wanted))
                    throw Failed($"output '{name}' has shape [{string.Join(',', shape)}] instead of [{string.Join(',', wanted)}]");
                if (values.Any(v => !float.IsFinite(v)) && original.All(float.IsFinite)) throw Failed($"output '{name}' is not finite");
            }
        }
        catch (OnnxSurgeryException e)
        {
            throw Failed(e.Message.TrimEnd('.'), e);
        }
    }

    /// <summary>Checks that two models agree on random inputs.</summary>
    /// <returns>The largest difference of any output, as a fraction of max(1, largest value).</returns>
    /// <exception cref="OnnxEngineException">They differ by more than the tolerance.</exception>
    public static double CheckEqual(NormalisedModel source, ModelProto expected, ModelProto actual)
    {
        var names = ComparedTensors.Of(source);
        var (a, b) = (Run(expected, source, names), Run(actual, source, names));
        var half = IsHalf(source);
        var error = 0.0;
        foreach (var name in a.Keys)
        {
            // An inner tensor may itself have lost channels; what is left of it is read by others that are compared.
            if (a[name].Values.Length != b[name].Values.Length && !source.Index.IsOutput(name)) continue;
            var scale = Math.Max(1.0, a[name].Values.Where(float.IsFinite).Select(v => (double)Math.Abs(v)).DefaultIfEmpty(0).Max());
            var worst = a[name].Values.Zip(b[name].Values, (x, y) => Math.Abs((double)x - y)).DefaultIfEmpty(0).Max();
            if (!(worst <= (half ? HalfTolerance : Tolerance) * scale))
                throw Failed(FormattableString.Invariant($"output '{name}' differs by {worst:g3} from the original with the removed channels masked"));
            error = Math.Max(error, worst / scale);
        }
        return error;
    }

    /// <summary>
    /// Checks that folding constants and shapes changed nothing, at sizes that the model was not traced at: another batch,
    /// and other open extents. Models that draw random numbers cannot be compared.
    /// </summary>
    /// <param name="original">The model as it was loaded.</param>
    /// <param name="source">Its folded form.</param>
    /// <param name="shapes">Sizes of open extents, see <see cref="InputShapes"/>.</param>
    /// <exception cref="OnnxEngineException">The two differ.</exception>
    public static void CheckFolding(ModelProto original, NormalisedModel source, IReadOnlyDictionary<string, long[]>? shapes)
    {
        if (original.Graph.Node.Any(ConstantFolding.IsRandom)) return;
        var made = original.Graph.Node.SelectMany(n => n.Output).ToHashSet();
        string[] names = [.. ComparedTensors.Of(source).Where(made.Contains)];
        if (names.Length == 0) return;
        var inputs = new InputShapes(source.Index.Inputs, shapes);
        if (source.Trace.HasDynamicBatch) CheckAt(original, source, names, i => inputs.At(i, OtherBatch));
        foreach (var other in inputs.OtherSizes())
            if (CheckAt(original, source, names, i => other.At(i, source.Trace.Batch))) break;
    }

    // False where the original itself does not run at these sizes.
    static bool CheckAt(ModelProto original, NormalisedModel source, string[] names, Func<ValueInfoProto, long[]> shapeOf)
    {
        Dictionary<string, (float[] Values, long[] Shape)> before;
        try
        {
            before = Run(original, source, names, shapeOf);
        }
        catch (Exception e) when (e is OnnxEngineException or OnnxSurgeryException)
        {
            return false;
        }
        var after = Run(source.Proto, source, names, shapeOf);
        foreach (var name in before.Keys)
        {
            var (a, b) = (before[name], after[name]);
            var scale = Math.Max(1.0, a.Values.Where(float.IsFinite).Select(v => (double)Math.Abs(v)).DefaultIfEmpty(0).Max());
            var worst = a.Values.Length != b.Values.Length ? double.PositiveInfinity
                : a.Values.Zip(b.Values, (x, y) => float.IsFinite(x) ? Math.Abs((double)x - y) : 0).DefaultIfEmpty(0).Max();
            if (!(worst <= (IsHalf(source) ? HalfTolerance : Tolerance) * scale))
                throw Failed(FormattableString.Invariant($"with its constants folded, '{name}' differs by {worst:g3} from the original at other input sizes than those it was traced at"));
        }
        return true;
    }

    static bool IsHalf(NormalisedModel source) =>
        source.Proto.Graph.Initializer.Any(t => t.DataType is (int)TensorElementType.Float16 or (int)TensorElementType.BFloat16);

    static Dictionary<string, (float[] Values, long[] Shape)> Run(ModelProto model, NormalisedModel source, IReadOnlyList<string> names, Func<ValueInfoProto, long[]>? shapeOf = null)
    {
        var random = new Philox4x32(0, 0x5EED);
        List<OrtValue> values = [];
        try
        {
            foreach (var input in source.Index.Inputs)
            {
                var shape = shapeOf?.Invoke(input) ?? source.Trace.Shape(input.Name);
                var type = source.Trace.ElementType(input.Name);
                var data = new float[shape.Aggregate(1L, (x, y) => x * y)];
                if (type is TensorElementType.Float or TensorElementType.Float16 or TensorElementType.BFloat16 or TensorElementType.Double)
                    for (var i = 0; i < data.Length; i++) data[i] = (float)(2 * random.NextDouble() - 1);
                values.Add(OrtTensors.FromFloats(data, shape, type));
            }
            using var session = OrtRuntime.CreateSession(Exposing(model, names));
            using var options = new RunOptions();
            using var results = session.Run(options, [.. source.Index.Inputs.Select(i => i.Name)], values, names);
            Dictionary<string, (float[], long[])> found = [];
            for (var i = 0; i < names.Count; i++)
            {
                if (!results[i].IsTensor) continue;
                var info = results[i].GetTensorTypeAndShape();
                var isFloat = info.ElementDataType is TensorElementType.Float or TensorElementType.Float16 or TensorElementType.BFloat16 or TensorElementType.Double;
                found[names[i]] = (isFloat ? OrtTensors.ToFloats(results[i]) : [], info.Shape);
            }
            return found;
        }
        catch (OutOfMemoryException e)
        {
            throw new OnnxEngineException(ErrorKind.Model, "There is not enough memory to compare what the edited model returns with what it returned before; its outputs are too large for this machine.", e);
        }
        catch (OnnxRuntimeException e)
        {
            throw Failed($"ONNX Runtime cannot run it: {e.Message.Split('\n')[0].TrimEnd('.')}", e);
        }
        finally
        {
            foreach (var v in values) v.Dispose();
        }
    }

    static ModelProto Exposing(ModelProto model, IReadOnlyList<string> names)
    {
        var missing = names.Except(model.Graph.Output.Select(o => o.Name)).ToArray();
        if (missing.Length == 0) return model;
        var copy = model.Clone();
        foreach (var name in missing) InternalGraph.Output(copy.Graph, name);
        return copy;
    }

    static OnnxEngineException Failed(string why, Exception? inner = null) =>
        new(ErrorKind.VerificationFailed, $"The edited model failed verification: {why}; nothing was written. Please report this model.", inner);
}
