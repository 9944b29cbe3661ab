using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Edits;

/// <summary>One run of a model, the same for every form of a network: on items of the data first, where there are some, then on made-up inputs.</summary>
static class ProbeRun
{
    /// <summary>Kinds of inputs to try, in this order: not every network has finite answers to all of them.</summary>
    public const int Kinds = 4;

    /// <summary>The same and more, which may be places, lengths and numbers of things as well, and of which many networks take none.</summary>
    public static int KindsOfAnyData => _values.Length;

    // Floats, and integers and truth values, from a number in [0, 1) and the one that these were traced with.
    static readonly (Func<double, double> Float, Func<double, double, double> Whole)[] _values =
    [
        (u => 2 * u - 1, (_, traced) => traced), (u => u, (_, traced) => traced), (_ => 0.5, (_, traced) => Math.Max(0, 1 - traced)), (_ => 0, (_, traced) => traced),
        (u => Math.Floor(4 * u), (u, _) => Math.Floor(4 * u)), (u => Math.Floor(63 * u), (u, _) => Math.Floor(16 * u)), (u => 1 - u * u, (_, _) => 2),
    ];

    /// <summary>A tensor of a run.</summary>
    /// <param name="Values">Its values; empty for what is no float.</param>
    /// <param name="Shape">Its shape.</param>
    public sealed record Found(float[] Values, long[] Shape);

    /// <summary>Runs a graph.</summary>
    /// <param name="model">The graph; tensors to compare that it does not return are exposed in a copy.</param>
    /// <param name="source">The network that it is a form of, for types.</param>
    /// <param name="names">The tensors wanted; those that are none are left out.</param>
    /// <param name="shapeOf">Shape of each input.</param>
    /// <param name="kind">Which inputs.</param>
    /// <exception cref="OnnxEngineException">It does not run (<see cref="ErrorKind.VerificationFailed"/>), or memory ends (<see cref="ErrorKind.Model"/>).</exception>
    public static Dictionary<string, Found> Of(ModelProto model, NormalisedModel source, IReadOnlyList<string> names, Func<ValueInfoProto, long[]> shapeOf, int kind = 0)
    {
        var random = new Philox4x32(0, 0x5EED);
        List<OrtValue> values = [];
        try
        {
            foreach (var input in source.Index.Inputs)
            {
                var shape = shapeOf(input);
                var type = source.Trace.ElementType(input.Name);
                var given = source.Trace.Fed.GetValueOrDefault(input.Name) is { Length: > 0 } example ? example : null;
                var fed = given ?? [source.Trace.Whole];
                var data = new float[shape.Aggregate(1L, (x, y) => x * y)];
                for (var i = 0; i < data.Length; i++)
                {
                    var u = random.NextDouble();
                    data[i] = (float)(InputShapes.IsFloat(type) ? kind == 0 && given is not null ? given[i % given.Length] : _values[kind].Float(u) : Math.Min(_values[kind].Whole(u, fed[i % fed.Length]), type == TensorElementType.Bool ? 1 : double.MaxValue));
                }
                values.Add(OrtTensors.FromFloats(data, shape, type));
            }
            using var session = OrtRuntime.CreateSession(Exposing(model, names));
            using var options = new RunOptions();
            using var results = session.Run(options, [.. source.Index.Inputs.Select(i => i.Name)], values, names);
            Dictionary<string, Found> found = [];
            for (var i = 0; i < names.Count; i++)
            {
                if (!results[i].IsTensor) continue;
                var info = results[i].GetTensorTypeAndShape();
                found[names[i]] = new Found(InputShapes.IsFloat(info.ElementDataType) ? OrtTensors.ToFloats(results[i]) : [], info.Shape);
            }
            return found;
        }
        catch (OutOfMemoryException e)
        {
            throw new OnnxEngineException(ErrorKind.Model, "There is not enough memory to compare what the edited model returns with what it returned before; its outputs are too large for this machine.", e);
        }
        catch (OnnxRuntimeException e)
        {
            throw EditVerification.Failed($"ONNX Runtime cannot run it: {e.Message.Split('\n')[0].TrimEnd('.')}", e);
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
}
