using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Graph;

/// <summary>
/// Concrete shapes of a model's inputs at any batch size. The batch is the first dimension where that is symbolic, and
/// every dimension of the same name (the state of a recurrent network is often [layers, batch, width]).
/// </summary>
/// <param name="inputs">The inputs, as the graph declares them.</param>
/// <param name="given">Shapes of inputs with symbolic dimensions other than the batch, by name; -1 = batch.</param>
/// <param name="examples">Values of one example for inputs of integers and truth values, by name, row-major.</param>
sealed class InputShapes(IReadOnlyList<ValueInfoProto> inputs, IReadOnlyDictionary<string, long[]>? given = null, IReadOnlyDictionary<string, float[]>? examples = null)
{
    static readonly Func<long, long>[] _together = [Less, s => s - 1, s => s + 32, s => 2 * s];
    static readonly Func<long, long>[] _apart = [Less, s => s + 32, s => s - 1, s => 2 * s, s => s / 2];

    // A name that one input uses twice ("?" in exports of Paddle) says nothing.
    readonly HashSet<string> _batchNames =
        [.. inputs.Select(Dims).Where(d => d is { Count: > 0 }).Select(d => d![0].DimParam)
            .Where(name => name.Length > 0 && inputs.All(i => (Dims(i) ?? []).Count(d => d.DimParam == name) < 2))];

    /// <summary>The inputs.</summary>
    public IReadOnlyList<ValueInfoProto> Inputs => inputs;

    /// <summary>True when the batch is symbolic and no shape given fixes it.</summary>
    public bool HasOpenBatch => inputs.Any(i => BatchAxis(i) >= 0);

    /// <summary>The batch size of a model without an open one: the first dimension of the first input, 1 for vectors.</summary>
    public int FixedBatch => (int)Math.Max(1, inputs.Take(1).Select(i => Dims(i) is { Count: > 1 } ? At(i, 1)[0] : 1).FirstOrDefault(1));

    /// <summary>Axis of the batch in an input, or -1 where it has none or the shape given fixes it.</summary>
    public int BatchAxis(ValueInfoProto input)
    {
        var dims = Dims(input);
        for (var a = 0; a < (dims?.Count ?? 0); a++)
            if (IsBatch(dims![a], a) && !(given?.GetValueOrDefault(input.Name) is { } own && a < own.Length && own[a] > 0)) return a;
        return -1;
    }

    /// <summary>True for a dimension that is neither a number nor the batch.</summary>
    public bool IsOpen(ValueInfoProto input, int axis) => Dims(input) is { } dims && !IsKnown(dims[axis]) && !IsBatch(dims[axis], axis);

    /// <summary>
    /// The same inputs with other sizes where neither a number nor the batch is declared: what a model computes alike at
    /// both depends on no size. Several proposals, since models ask for multiples or stop at a length; those first that tell
    /// height from width, which many models are traced at the same. None when nothing is open.
    /// </summary>
    public IEnumerable<InputShapes> OtherSizes()
    {
        var open = OpenNames();
        if (open.Count == 0) yield break;
        if (open.Count > 1)
            for (var turn = 0; turn < _apart.Length; turn++)
                if (With((name, size) => _apart[(turn + open.IndexOf(name)) % _apart.Length](size)) is { } apart && TellsApart(apart)) yield return apart;
        foreach (var other in _together)
            if (With((_, size) => other(size)) is { } alike) yield return alike;
    }

    /// <summary>True when extents of different names have different sizes here or there.</summary>
    /// <param name="other">The same inputs at other sizes.</param>
    public bool TellsApart(InputShapes other)
    {
        Dictionary<string, (long, long)> sizes = [];
        foreach (var input in inputs)
        {
            var (here, there) = (At(input, -1), other.At(input, -1));
            for (var a = 0; a < here.Length; a++)
                if (IsOpen(input, a)) sizes[OpenName(input, a)] = (here[a], there[a]);
        }
        return sizes.Values.Distinct().Count() == sizes.Count;
    }

    List<string> OpenNames() => [.. inputs.SelectMany(i => Enumerable.Range(0, Dims(i)?.Count ?? 0).Where(a => IsOpen(i, a)).Select(a => OpenName(i, a))).Distinct()];

    /// <summary>The name of an open extent, or the input and the axis where it has none or shares it within one input: such may be of any size.</summary>
    internal static string OpenName(ValueInfoProto input, int axis)
    {
        var name = Dims(input)![axis].DimParam;
        return name.Length > 0 && Dims(input)!.Count(d => d.DimParam == name) == 1 ? name : $"{input.Name}/{axis}";
    }

    // Null where an extent would be empty.
    InputShapes? With(Func<string, long, long> sizeOf)
    {
        var shapes = inputs.ToDictionary(i => i.Name, i => At(i, -1).Select((size, a) => IsOpen(i, a) ? sizeOf(OpenName(i, a), size) : size).ToArray());
        return shapes.Values.Any(shape => shape.Contains(0)) ? null : new InputShapes(inputs, shapes);
    }

    /// <summary>
    /// The same inputs with half as many examples, and how many there are here, where the examples lie along another axis
    /// than the first: along the open one whose name the outputs have first. Null where there is none.
    /// </summary>
    public (InputShapes Fewer, long Items)? WithFewerExamples(IEnumerable<ValueInfoProto> outputs)
    {
        foreach (var name in outputs.Select(o => Dims(o) is { Count: > 0 } dims ? dims[0].DimParam : "").Where(n => n.Length > 0).Distinct())
        {
            bool Is(ValueInfoProto input, int axis) => IsOpen(input, axis) && Dims(input)![axis].DimParam == name;
            var sizes = inputs.SelectMany(i => At(i, -1).Where((_, a) => Is(i, a))).Distinct().ToArray();
            if (sizes is not [var items]) continue;
            return (new InputShapes(inputs, inputs.ToDictionary(i => i.Name, i => At(i, -1).Select((size, a) => Is(i, a) ? items > 1 ? items / 2 : 2 : size).ToArray())), items);
        }
        return null;
    }

    /// <summary>The shape of an input at a batch size.</summary>
    /// <exception cref="OnnxSurgeryException">A dimension is symbolic and not given.</exception>
    public long[] At(ValueInfoProto input, long batch)
    {
        var dims = Dims(input) ?? throw new OnnxSurgeryException($"Input '{input.Name}' is not a tensor of known rank; such models are not supported.");
        var own = given?.GetValueOrDefault(input.Name);
        var shape = new long[dims.Count];
        for (var a = 0; a < shape.Length; a++)
        {
            if (own is not null && a < own.Length && own[a] > 0) shape[a] = own[a];
            else if (IsKnown(dims[a])) shape[a] = dims[a].DimValue;
            else if (IsBatch(dims[a], a)) shape[a] = batch;
            else
                throw new OnnxSurgeryException(
                    $"Input '{input.Name}' has a symbolic dimension {a} ('{dims[a].DimParam}'); give its size with SlimOptions.InputShapes = {input.Name}:{Example(dims)}.");
        }
        return shape;
    }

    /// <summary>
    /// What to try integers and truth values with, in this order: a mask or a length of zeros leaves nothing to compute, and an
    /// index of 1 may be too large.
    /// </summary>
    public static IReadOnlyList<int> Wholes(IEnumerable<ValueInfoProto> inputs) => inputs.Any(i => !IsFloat((TensorElementType)(i.Type?.TensorType?.ElemType ?? 1))) ? [1, 0] : [1];

    /// <summary>The values of an example that <see cref="Probe"/> repeats, by input.</summary>
    public IReadOnlyDictionary<string, float[]> Examples => examples ?? new Dictionary<string, float[]>();

    /// <summary>The same without an example.</summary>
    public InputShapes WithoutExamples => new(inputs, given);

    /// <summary>A value to try the model with: floats between 0 and 1, the example's integers and truth values, or one number for all of them.</summary>
    /// <param name="input">The input.</param>
    /// <param name="batch">The batch size.</param>
    /// <param name="whole">The number.</param>
    public OrtValue Probe(ValueInfoProto input, long batch, int whole = 0)
    {
        var shape = At(input, batch);
        TraceRoom.Require(input.Name, shape);
        var type = (TensorElementType)input.Type.TensorType.ElemType;
        var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
        if (!IsFloat(type) && Examples.GetValueOrDefault(input.Name) is { Length: > 0 } example)
            for (var i = 0; i < values.Length; i++) values[i] = example[i % example.Length];
        else if (!IsFloat(type)) Array.Fill(values, whole);
        else
            for (long i = 0; i < values.Length; i++) values[i] = (i * 2654435761L & 0xFFFF) / 65536f;
        return OrtTensors.FromFloats(values, shape, type);
    }

    /// <summary>Refuses what <see cref="Probe"/> cannot make up.</summary>
    /// <exception cref="OnnxSurgeryException">The input is neither of numbers nor of truth values.</exception>
    public static void RequireProbe(ValueInfoProto input)
    {
        if ((TensorElementType)input.Type.TensorType.ElemType is var type && (IsFloat(type) || IsWhole(type))) return;
        throw new OnnxSurgeryException(
            $"Input '{input.Name}' holds {(type == TensorElementType.String ? "texts" : $"values of the type {type}")}, and none can be made up to try the model with; export the part behind it, which takes numbers, as a model of its own.");
    }

    static bool IsWhole(TensorElementType type) => type is TensorElementType.Int8 or TensorElementType.UInt8 or TensorElementType.Int16 or TensorElementType.UInt16
        or TensorElementType.Int32 or TensorElementType.UInt32 or TensorElementType.Int64 or TensorElementType.UInt64 or TensorElementType.Bool;

    internal static bool IsFloat(TensorElementType type) => type is TensorElementType.Float or TensorElementType.Float16 or TensorElementType.BFloat16 or TensorElementType.Double;

    static long Less(long size) => size % 32 == 0 && size > 64 ? size - 32 : size / 2;

    bool IsBatch(TensorShapeProto.Types.Dimension dim, int axis) => !IsKnown(dim) && (axis == 0 || _batchNames.Contains(dim.DimParam));

    static bool IsKnown(TensorShapeProto.Types.Dimension dim) => dim.HasDimValue && dim.DimValue > 0;

    static string Example(IReadOnlyList<TensorShapeProto.Types.Dimension> dims) => dims.Count == 4 ? "N,C,H,W" : string.Join(",", dims.Select((_, a) => a == 0 ? "N" : "SIZE"));

    static IReadOnlyList<TensorShapeProto.Types.Dimension>? Dims(ValueInfoProto input) => input.Type?.TensorType?.Shape?.Dim;
}
