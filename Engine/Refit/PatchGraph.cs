using OnnxEdit.Engine.Linear;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Refit;

/// <summary>
/// Builds the ONNX nodes that turn the input of a linear operator into its patch matrix, one column per output
/// position (im2col), at sampled positions, with a row of ones for the constant term. ONNX Runtime then forms the
/// Gram matrices of it. Rows run over kernel taps, then channels of the group.
/// </summary>
sealed class PatchGraph
{
    readonly NodeProto _node;
    readonly long[] _kernel;
    readonly long[] _inSpatial;
    readonly long[] _outSpatial;

    /// <summary>Geometry of a unit at its current weights.</summary>
    /// <param name="unit">The linear unit.</param>
    /// <param name="weightDims">Dims of its weight tensor.</param>
    /// <param name="inputShape">Shape of its input for one item.</param>
    /// <param name="outputShape">Shape of its output for one item.</param>
    public PatchGraph(LinearUnit unit, IReadOnlyList<long> weightDims, long[] inputShape, long[] outputShape)
    {
        _node = unit.Node;
        IsConv = unit.IsConv;
        Groups = unit.Groups;
        _kernel = IsConv ? [.. weightDims.Skip(2)] : [];
        _inSpatial = IsConv ? [.. inputShape.Skip(2)] : [];
        _outSpatial = IsConv ? [.. outputShape.Skip(2)] : [];
        InChannels = IsConv ? (int)inputShape[1] : (int)inputShape[^1];
        Maps = IsConv ? (int)outputShape[0] : 1;
        OutChannels = IsConv ? (int)outputShape[1] : (int)outputShape[^1];
        Taps = (int)_kernel.Aggregate(1L, (a, b) => a * b);
        PositionShape = IsConv ? [Maps, .. _outSpatial] : outputShape[..^1];
        Positions = (int)(IsConv ? _outSpatial.Aggregate(1L, (a, b) => a * b) : outputShape.SkipLast(1).Aggregate(1L, (a, b) => a * b));
    }

    PatchGraph(PatchGraph other)
    {
        (_node, _kernel, _inSpatial, _outSpatial) = (other._node, other._kernel, other._inSpatial, other._outSpatial);
        (IsConv, Groups, InChannels, OutChannels, Maps, Taps, Positions) = (other.IsConv, other.Groups, other.InChannels, other.OutChannels, other.Maps, other.Taps, other.Positions);
        (PositionShape, IsMasked) = (other.PositionShape, true);
    }

    /// <summary>Geometry of a unit of the original model; without a layout, positions are those of the traced batch.</summary>
    public static PatchGraph Of(LinearUnit unit, NormalisedModel model, ItemLayout? layout = null)
    {
        Func<string, long[]> shape = layout is null ? model.Trace.Shape : layout.RowShape;
        return new(unit, model.Index.Initializer(unit.Node.Input[1])!.Dims, shape(unit.Input), shape(unit.Output));
    }

    /// <summary>The same over items with padding, which counts in no product; this where there is none.</summary>
    public PatchGraph Without(PositionMask? padding) =>
        padding?.Covers(PositionShape) == true ? new PatchGraph(this) : this;

    /// <summary>The operator, as a sentence names it.</summary>
    public string Name => $"{_node.OpType} '{(_node.Name.Length > 0 ? _node.Name : _node.Output[0])}'";

    /// <summary>True for a convolution.</summary>
    public bool IsConv { get; }

    /// <summary>Groups of the convolution, 1 otherwise.</summary>
    public int Groups { get; }

    /// <summary>Shape of the positions of an item: of a convolution [1, positions, ..] in space, of others all axes but the last.</summary>
    public long[] PositionShape { get; }

    /// <summary>Whether "ones" holds 0 for padding, which then counts in no product.</summary>
    public bool IsMasked { get; private init; }

    /// <summary>Input channels.</summary>
    public int InChannels { get; }

    /// <summary>Output channels.</summary>
    public int OutChannels { get; }

    /// <summary>Kernel taps, 1 for a matrix product.</summary>
    public int Taps { get; }

    /// <summary>Maps that a convolution makes of one item, 1 unless the item is a batch of its own.</summary>
    public int Maps { get; }

    /// <summary>Output positions per map.</summary>
    public int Positions { get; }

    /// <summary>Rows of the patch matrix of one group, without the row of ones.</summary>
    public int Rows => InChannels / Groups * Taps;

    /// <summary>
    /// Adds nodes that make the patch matrix [groups, rows + 1, images x sites] of <paramref name="input"/>.
    /// </summary>
    /// <param name="graph">Graph to add to; it must have the inputs of <see cref="AddInputs"/>.</param>
    /// <param name="input">Name of the unit's input.</param>
    public string AddPatches(GraphProto graph, string input)
    {
        var per = InChannels / Groups;
        Constant(graph, "p_join", Groups, Taps * per, -1);
        if (!IsConv)
        {
            AddColumns(graph, input, InChannels, "p");
            graph.Node.Add(NodeAttributes.Node("Reshape", ["p_columns", "p_join"], ["p_plain"]));
        }
        else
        {
            // One Gather picks every tap of every sampled position from the padded map.
            Constant(graph, "p_flat", -1, InChannels, PaddedPositions);
            graph.Node.Add(NodeAttributes.Node("Reshape", [AddPadding(graph, input), "p_flat"], ["p_map"]));
            var gather = NodeAttributes.Node("Gather", ["p_map", "taps"], ["p_taps"]);
            gather.Set("axis", 2);
            graph.Node.Add(gather);
            Constant(graph, "p_split", 0, Groups, per, Taps, -1);
            graph.Node.Add(NodeAttributes.Node("Reshape", ["p_taps", "p_split"], ["p_by_group"]));
            var turn = NodeAttributes.Node("Transpose", ["p_by_group"], ["p_turned"]);
            turn.Set("perm", 1, 3, 2, 0, 4);
            graph.Node.Add(turn);
            graph.Node.Add(NodeAttributes.Node("Reshape", ["p_turned", "p_join"], ["p_plain"]));
        }
        if (IsMasked) graph.Node.Add(NodeAttributes.Node("Mul", ["p_plain", "ones"], ["p_masked"]));
        var ones = NodeAttributes.Node("Concat", [IsMasked ? "p_masked" : "p_plain", "ones"], ["patches"]);
        ones.Set("axis", 1);
        graph.Node.Add(ones);
        return "patches";
    }

    /// <summary>Adds nodes that arrange an output-shaped tensor as [groups, channels of the group, images x sites].</summary>
    public string AddTargets(GraphProto graph, string target, string prefix = "t")
    {
        var result = $"{prefix}_targets";
        Constant(graph, $"{prefix}_join", Groups, OutChannels / Groups, -1);
        if (!IsConv)
        {
            AddColumns(graph, target, OutChannels, prefix);
            graph.Node.Add(NodeAttributes.Node("Reshape", [$"{prefix}_columns", $"{prefix}_join"], [result]));
            return Masked(graph, result);
        }
        Constant(graph, $"{prefix}_flat", -1, OutChannels, Positions);
        graph.Node.Add(NodeAttributes.Node("Reshape", [target, $"{prefix}_flat"], [$"{prefix}_map"]));
        var gather = NodeAttributes.Node("Gather", [$"{prefix}_map", "sites"], [$"{prefix}_sites"]);
        gather.Set("axis", 2);
        graph.Node.Add(gather);
        var turn = NodeAttributes.Node("Transpose", [$"{prefix}_sites"], [$"{prefix}_turned"]);
        turn.Set("perm", 1, 0, 2);
        graph.Node.Add(turn);
        graph.Node.Add(NodeAttributes.Node("Reshape", [$"{prefix}_turned", $"{prefix}_join"], [result]));
        return Masked(graph, result);
    }

    string Masked(GraphProto graph, string columns)
    {
        if (!IsMasked) return columns;
        graph.Node.Add(NodeAttributes.Node("Mul", [columns, "ones"], [$"{columns}_masked"]));
        return $"{columns}_masked";
    }

    /// <summary>
    /// Declares the inputs "ones" [groups, 1, images x sites], 0 for padding, and, for a convolution, "sites" (output positions, [s])
    /// and "taps" (padded input positions, [taps, s]).
    /// </summary>
    public void AddInputs(GraphProto graph)
    {
        InternalGraph.Input(graph, "ones", DataType.Float, 3);
        if (!IsConv) return;
        InternalGraph.Input(graph, "sites", DataType.Int64, 1);
        InternalGraph.Input(graph, "taps", DataType.Int64, 2);
    }

    /// <summary>Values of "taps" for the given output positions: [taps, sites], row-major.</summary>
    public long[] TapIndices(ReadOnlySpan<long> sites)
    {
        var (strides, dilations) = (Strides(), Dilations());
        var padded = PaddedSpatial();
        var result = new long[Taps * sites.Length];
        for (var t = 0; t < Taps; t++)
            for (var s = 0; s < sites.Length; s++)
            {
                long index = 0, scale = 1, site = sites[s], tap = t;
                for (var a = _kernel.Length - 1; a >= 0; a--)
                {
                    index += (site % _outSpatial[a] * strides[a] + tap % _kernel[a] * dilations[a]) * scale;
                    scale *= padded[a];
                    site /= _outSpatial[a];
                    tap /= _kernel[a];
                }
                result[t * sites.Length + s] = index;
            }
        return result;
    }

    /// <summary>Adds an int64 constant vector.</summary>
    public static void Constant(GraphProto graph, string name, params long[] values) =>
        graph.Initializer.Add(TensorData.FromIntegers(name, [values.Length], values));

    string AddPadding(GraphProto graph, string input)
    {
        var pads = Pads();
        if (pads.All(p => p == 0)) return input;
        var rank = _kernel.Length;
        long[] full = [0, 0, .. pads[..rank], 0, 0, .. pads[rank..]];
        Constant(graph, "p_pads", full);
        graph.Node.Add(NodeAttributes.Node("Pad", [input, "p_pads"], ["p_padded"]));
        return "p_padded";
    }

    static void AddColumns(GraphProto graph, string tensor, int channels, string prefix)
    {
        Constant(graph, $"{prefix}_flat", -1, channels);
        graph.Node.Add(NodeAttributes.Node("Reshape", [tensor, $"{prefix}_flat"], [$"{prefix}_rows"]));
        var turn = NodeAttributes.Node("Transpose", [$"{prefix}_rows"], [$"{prefix}_columns"]);
        turn.Set("perm", 1, 0);
        graph.Node.Add(turn);
    }

    long[] PaddedSpatial()
    {
        var pads = Pads();
        return [.. _inSpatial.Select((d, a) => d + pads[a] + pads[a + _inSpatial.Length])];
    }

    long PaddedPositions => PaddedSpatial().Aggregate(1L, (a, b) => a * b);

    long[] Strides() => _node.Ints("strides") ?? [.. _kernel.Select(_ => 1L)];

    long[] Dilations() => _node.Ints("dilations") ?? [.. _kernel.Select(_ => 1L)];

    // Explicit pads, also for auto_pad: what the traced sizes imply.
    long[] Pads()
    {
        var mode = _node.Text("auto_pad", "NOTSET");
        if (mode is "NOTSET" or "") return _node.Ints("pads") ?? new long[2 * _kernel.Length];
        var rank = _kernel.Length;
        var pads = new long[2 * rank];
        if (mode == "VALID") return pads;
        var (strides, dilations) = (Strides(), Dilations());
        for (var a = 0; a < rank; a++)
        {
            var total = Math.Max(0, (_outSpatial[a] - 1) * strides[a] + (_kernel[a] - 1) * dilations[a] + 1 - _inSpatial[a]);
            pads[a] = mode == "SAME_UPPER" ? total / 2 : total - total / 2;
            pads[a + rank] = total - pads[a];
        }
        return pads;
    }
}
