using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery;

/// <summary>
/// Concrete shapes of every tensor, found by running the model once with every tensor exposed rather than by
/// inference rules: right for every op ONNX Runtime supports. Models with a symbolic batch are run at two batch
/// sizes, which shows where the batch dimension sits in each tensor.
/// </summary>
public sealed class ShapeTrace
{
    const int LargestShapeVector = 32;

    readonly Dictionary<string, long[]> _shapes = [];
    readonly Dictionary<string, int> _batchAxis = [];
    readonly Dictionary<string, TensorElementType> _types = [];
    readonly Dictionary<string, (long[] First, long[] Second)> _integers = [];

    ShapeTrace(bool dynamicBatch, int batch) => (HasDynamicBatch, Batch) = (dynamicBatch, batch);

    /// <summary>True when the first dimension of the inputs is symbolic.</summary>
    public bool HasDynamicBatch { get; }

    /// <summary>Batch size the shapes were traced at: 2 when symbolic, else the model's own (1 for vectors).</summary>
    public int Batch { get; }

    /// <summary>Shape of every tensor of the main graph, initializers included, at <see cref="Batch"/>.</summary>
    public IReadOnlyDictionary<string, long[]> Shapes => _shapes;

    /// <summary>Shape of a tensor at <see cref="Batch"/>.</summary>
    /// <exception cref="OnnxSurgeryException">The tensor was not traced (not a tensor, or absent).</exception>
    public long[] Shape(string tensor) => _shapes.TryGetValue(tensor, out var s)
        ? s : throw new OnnxSurgeryException($"Tensor '{tensor}' has no traced shape.");

    /// <summary>Element type of a traced tensor; float32 when unknown.</summary>
    public TensorElementType ElementType(string tensor) => _types.GetValueOrDefault(tensor, TensorElementType.Float);

    /// <summary>Axis that grows with the batch, or -1. Known only when the batch is symbolic.</summary>
    public int BatchAxis(string tensor) => _batchAxis.GetValueOrDefault(tensor, -1);

    /// <summary>Values of a small integer tensor at the two traced batch sizes (twice the same when fixed).</summary>
    internal (long[] First, long[] Second)? Integers(string tensor) =>
        _integers.TryGetValue(tensor, out var v) ? v : null;

    /// <summary>Traces a model.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="inputShapes">Shapes for inputs with symbolic dimensions other than the batch; -1 = batch.</param>
    /// <exception cref="OnnxSurgeryException">A dimension is symbolic and not given, or ORT cannot run the model.</exception>
    public static ShapeTrace Run(ModelProto model, IReadOnlyDictionary<string, long[]>? inputShapes = null)
    {
        var index = new GraphIndex(model.Graph);
        var dynamic = index.Inputs.Any(i => Dims(i) is { Count: > 0 } d && !d[0].HasDimValue);
        var batch = dynamic ? 2 : (int)Math.Max(1, index.Inputs.Select(i => Dims(i) is { Count: > 1 } d ? d[0].DimValue : 1).FirstOrDefault(1));
        var trace = new ShapeTrace(dynamic, batch);

        var exposed = model.Clone();
        var names = exposed.Graph.Node.SelectMany(n => n.Output).Where(o => o.Length > 0).ToArray();
        exposed.Graph.Output.Clear();
        foreach (var name in names) exposed.Graph.Output.Add(new ValueInfoProto { Name = name });
        exposed.Graph.ValueInfo.Clear();
        foreach (var t in model.Graph.Initializer)
        {
            trace._shapes[t.Name] = [.. t.Dims];
            trace._types[t.Name] = (TensorElementType)t.DataType;
            if (t.DataType is (int)TensorProto.Types.DataType.Int64 && TensorData.ElementCount(t) <= LargestShapeVector)
                trace._integers[t.Name] = (TensorData.Integers(t), TensorData.Integers(t));
        }

        var most = dynamic ? batch + 1 : batch;
        foreach (var input in index.Inputs) TraceRoom.Require(input.Name, InputShape(input, most, inputShapes));
        using var session = OrtRuntime.CreateSession(exposed, optimise: false);
        TraceRoom.Require(session, most);
        if (dynamic) RequireRoom(exposed, index.Inputs, most, inputShapes);
        using var run = new BoundedRun(model);
        var first = RunOnce(session, run, index.Inputs, names, batch, inputShapes);
        var second = dynamic ? RunOnce(session, run, index.Inputs, names, batch + 1, inputShapes) : first;
        foreach (var input in index.Inputs)
        {
            trace._shapes[input.Name] = InputShape(input, batch, inputShapes);
            trace._types[input.Name] = (TensorElementType)input.Type.TensorType.ElemType;
            if (dynamic && trace._shapes[input.Name].Length > 0) trace._batchAxis[input.Name] = 0;
        }
        foreach (var (name, (shape, ints, type)) in first)
        {
            trace._shapes[name] = shape;
            trace._types[name] = type;
            if (!second.TryGetValue(name, out var other)) continue;
            if (ints is not null && other.Integers is not null) trace._integers[name] = (ints, other.Integers);
            if (other.Shape.Length != shape.Length) continue;
            for (var a = 0; a < shape.Length; a++)
                if (shape[a] != other.Shape[a])
                {
                    trace._batchAxis[name] = a;
                    break;
                }
        }
        return trace;
    }

    // With a symbolic batch inference leaves sizes open that depend on it (a Reshape to -1); with a fixed one it does not.
    static void RequireRoom(ModelProto exposed, IReadOnlyList<ValueInfoProto> inputs, int batch, IReadOnlyDictionary<string, long[]>? inputShapes)
    {
        var fixedBatch = exposed.Clone();
        foreach (var input in inputs)
        {
            var dims = fixedBatch.Graph.Input.First(i => i.Name == input.Name).Type.TensorType.Shape.Dim;
            var shape = InputShape(input, batch, inputShapes);
            for (var a = 0; a < dims.Count; a++) dims[a].DimValue = shape[a];
        }
        using var session = OrtRuntime.CreateSession(fixedBatch, optimise: false);
        TraceRoom.Require(session, batch);
    }

    /// <summary>The shape a graph input is fed with at a batch size.</summary>
    /// <exception cref="OnnxSurgeryException">A dimension is symbolic and not given.</exception>
    public static long[] InputShape(ValueInfoProto input, long batch, IReadOnlyDictionary<string, long[]>? inputShapes = null)
    {
        var dims = Dims(input) ?? throw new OnnxSurgeryException($"Input '{input.Name}' is not a tensor of known rank; such models are not supported.");
        long[]? given = null;
        inputShapes?.TryGetValue(input.Name, out given);
        var shape = new long[dims.Count];
        for (var a = 0; a < shape.Length; a++)
        {
            if (given is not null && a < given.Length && given[a] > 0) shape[a] = given[a];
            else if (dims[a].HasDimValue && dims[a].DimValue > 0) shape[a] = dims[a].DimValue;
            else if (a == 0) shape[a] = batch;
            else
                throw new OnnxSurgeryException(
                    $"Input '{input.Name}' has a symbolic dimension {a} ('{dims[a].DimParam}'); give its size with --input-shape {input.Name}:N,C,H,W.");
        }
        return shape;
    }

    static IReadOnlyList<TensorShapeProto.Types.Dimension>? Dims(ValueInfoProto input) => input.Type?.TensorType?.Shape?.Dim;

    static Dictionary<string, (long[] Shape, long[]? Integers, TensorElementType Type)> RunOnce(
        InferenceSession session, BoundedRun run, IReadOnlyList<ValueInfoProto> inputs, string[] names, int batch,
        IReadOnlyDictionary<string, long[]>? inputShapes)
    {
        List<OrtValue> values = [];
        try
        {
            foreach (var input in inputs)
            {
                var shape = InputShape(input, batch, inputShapes);
                var type = (TensorElementType)input.Type.TensorType.ElemType;
                values.Add(OrtTensors.FromFloats(Probe(shape.Aggregate(1L, (a, b) => a * b), type), shape, type));
            }
            using var results = session.Run(run.Options, [.. inputs.Select(i => i.Name)], values, names);
            Dictionary<string, (long[], long[]?, TensorElementType)> found = [];
            for (var i = 0; i < names.Length; i++)
            {
                if (!results[i].IsTensor) continue;
                var info = results[i].GetTensorTypeAndShape();
                var small = info.ElementDataType == TensorElementType.Int64 && info.ElementCount <= LargestShapeVector;
                found[names[i]] = (info.Shape, small ? results[i].GetTensorDataAsSpan<long>().ToArray() : null, info.ElementDataType);
            }
            return found;
        }
        catch (OnnxRuntimeException e)
        {
            throw run.Refusal ?? new OnnxSurgeryException($"ONNX Runtime cannot run the model at batch {batch}: {OrtRuntime.FirstLine(e.Message)}", e);
        }
        finally
        {
            foreach (var v in values) v.Dispose();
        }
    }

    // Values between 0 and 1 for floats; zeros for integers, which are mostly indices.
    static float[] Probe(long count, TensorElementType type)
    {
        var values = new float[count];
        if (type is TensorElementType.Float or TensorElementType.Float16 or TensorElementType.BFloat16 or TensorElementType.Double)
            for (long i = 0; i < count; i++) values[i] = (i * 2654435761L & 0xFFFF) / 65536f;
        return values;
    }
}
