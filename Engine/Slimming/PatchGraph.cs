using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine;

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
    /// <param name="inputShape">Shape of its input, batch as 1.</param>
    /// <param name="outputShape">Shape of its output, batch as 1.</param>
    public PatchGraph(LinearUnit unit, IReadOnlyList<long> weightDims, long[] inputShape, long[] outputShape)
    {
        _node = unit.Node;
        IsConv = unit.IsConv;
        Groups = unit.Groups;
        _kernel = IsConv ? [.. weightDims.Skip(2)] : [];
        _inSpatial = IsConv ? [.. inputShape.Skip(2)] : [];
        _outSpatial = IsConv ? [.. outputShape.Skip(2)] : [];
        InChannels = IsConv ? (int)inputShape[1] : (int)inputShape[^1];
        OutChannels = IsConv ? (int)outputShape[1] : (int)outputShape[^1];
        Taps = (int)_kernel.Aggregate(1L, (a, b) => a * b);
        Positions = (int)(IsConv ? _outSpatial.Aggregate(1L, (a, b) => a * b) : outputShape.Skip(1).SkipLast(1).Aggregate(1L, (a, b) => a * b));
    }

    /// <summary>Geometry of a unit of the original model.</summary>
    public static PatchGraph Of(LinearUnit unit, NormalisedModel model) => new(
        unit, model.Index.Initializer(unit.Node.Input[1])!.Dims,
        [1, .. model.Trace.Shape(unit.Input).Skip(1)], [1, .. model.Trace.Shape(unit.Output).Skip(1)]);

    /// <summary>True for a convolution.</summary>
    public bool IsConv { get; }

    /// <summary>Groups of the convolution, 1 otherwise.</summary>
    public int Groups { get; }

    /// <summary>Input channels.</summary>
    public int InChannels { get; }

    /// <summary>Output channels.</summary>
    public int OutChannels { get; }

    /// <summary>Kernel taps, 1 for a matrix product.</summary>
    public int Taps { get; }

    /// <summary>Output positions per image.</summary>
    public int Positions { get; }

    /// <summary>Rows of the patch matrix of one group, without the row of ones.</summary>
    public int Rows => InChannels / Groups * Taps;

    /// <summary>
    /// Adds nodes that make the patch matrix [groups, rows + 1, images x positions] of <paramref name="input"/>.
    /// </summary>
    /// <param name="graph">Graph to add to; "positions" (int64 [s]) and "ones" ([groups, 1, images x s]) must be its inputs.</param>
    /// <param name="input">Name of the unit's input.</param>
    /// <param name="sampled">True to keep only the positions listed in "positions".</param>
    public string AddPatches(GraphProto graph, string input, bool sampled)
    {
        var per = InChannels / Groups;
        string all;
        if (!IsConv)
        {
            Constant(graph, "p_flat", -1, InChannels);
            graph.Node.Add(NodeAttributes.Node("Reshape", [input, "p_flat"], ["p_rows"]));
            var turn = NodeAttributes.Node("Transpose", ["p_rows"], ["p_columns"]);
            turn.Set("perm", 1, 0);
            graph.Node.Add(turn);
            all = "p_columns";
        }
        else
        {
            var padded = AddPadding(graph, input);
            var taps = Enumerable.Range(0, Taps).Select(t => AddTap(graph, padded, t, sampled)).ToArray();
            var concat = NodeAttributes.Node("Concat", taps, ["p_taps"]);
            concat.Set("axis", 1);
            graph.Node.Add(concat);
            var turn = NodeAttributes.Node("Transpose", ["p_taps"], ["p_turned"]);
            turn.Set("perm", 1, 0, 2);
            graph.Node.Add(turn);
            Constant(graph, "p_matrix", Taps * InChannels, -1);
            graph.Node.Add(NodeAttributes.Node("Reshape", ["p_turned", "p_matrix"], ["p_columns"]));
            all = "p_columns";
        }
        Constant(graph, "p_split", Taps, Groups, per, -1);
        Constant(graph, "p_join", Groups, Taps * per, -1);
        graph.Node.Add(NodeAttributes.Node("Reshape", [all, "p_split"], ["p_by_group"]));
        var order = NodeAttributes.Node("Transpose", ["p_by_group"], ["p_grouped"]);
        order.Set("perm", 1, 0, 2, 3);
        graph.Node.Add(order);
        graph.Node.Add(NodeAttributes.Node("Reshape", ["p_grouped", "p_join"], ["p_plain"]));
        var ones = NodeAttributes.Node("Concat", ["p_plain", "ones"], ["patches"]);
        ones.Set("axis", 1);
        graph.Node.Add(ones);
        return "patches";
    }

    /// <summary>Adds nodes that arrange an output-shaped tensor as [groups, channels of the group, images x positions].</summary>
    public string AddTargets(GraphProto graph, string target, bool sampled, string prefix = "t")
    {
        var columns = $"{prefix}_columns";
        if (!IsConv)
        {
            Constant(graph, $"{prefix}_flat", -1, OutChannels);
            graph.Node.Add(NodeAttributes.Node("Reshape", [target, $"{prefix}_flat"], [$"{prefix}_rows"]));
            var turn = NodeAttributes.Node("Transpose", [$"{prefix}_rows"], [columns]);
            turn.Set("perm", 1, 0);
            graph.Node.Add(turn);
        }
        else
        {
            var flat = AddFlatPositions(graph, target, prefix, sampled, OutChannels);
            var turn = NodeAttributes.Node("Transpose", [flat], [$"{prefix}_turned"]);
            turn.Set("perm", 1, 0, 2);
            graph.Node.Add(turn);
            Constant(graph, $"{prefix}_matrix", OutChannels, -1);
            graph.Node.Add(NodeAttributes.Node("Reshape", [$"{prefix}_turned", $"{prefix}_matrix"], [columns]));
        }
        Constant(graph, $"{prefix}_join", Groups, OutChannels / Groups, -1);
        graph.Node.Add(NodeAttributes.Node("Reshape", [columns, $"{prefix}_join"], [$"{prefix}_targets"]));
        return $"{prefix}_targets";
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

    string AddTap(GraphProto graph, string padded, int tap, bool sampled)
    {
        var rank = _kernel.Length;
        var (strides, dilations) = (Strides(), Dilations());
        var starts = new long[rank];
        var ends = new long[rank];
        for (int a = rank - 1, rest = tap; a >= 0; a--)
        {
            starts[a] = rest % _kernel[a] * dilations[a];
            ends[a] = starts[a] + (_outSpatial[a] - 1) * strides[a] + 1;
            rest /= (int)_kernel[a];
        }
        Constant(graph, $"p_start{tap}", starts);
        Constant(graph, $"p_end{tap}", ends);
        if (tap == 0)
        {
            Constant(graph, "p_axes", [.. Enumerable.Range(2, rank).Select(a => (long)a)]);
            Constant(graph, "p_steps", strides);
        }
        graph.Node.Add(NodeAttributes.Node("Slice", [padded, $"p_start{tap}", $"p_end{tap}", "p_axes", "p_steps"], [$"p_tap{tap}"]));
        return AddFlatPositions(graph, $"p_tap{tap}", $"p_tap{tap}", sampled, InChannels);
    }

    string AddFlatPositions(GraphProto graph, string tensor, string prefix, bool sampled, int channels)
    {
        Constant(graph, $"{prefix}_shape", -1, channels, Positions);
        graph.Node.Add(NodeAttributes.Node("Reshape", [tensor, $"{prefix}_shape"], [$"{prefix}_flat_out"]));
        if (!sampled) return $"{prefix}_flat_out";
        var gather = NodeAttributes.Node("Gather", [$"{prefix}_flat_out", "positions"], [$"{prefix}_sampled"]);
        gather.Set("axis", 2);
        graph.Node.Add(gather);
        return $"{prefix}_sampled";
    }

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
