using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Surgery.Gradients.Blocked;

/// <summary>
/// Rewrites a graph so that its convolutions run on channels in blocks although their weights change from run to run,
/// and keeps activations in that form between them. Values stay the same up to rounding. Precondition: all inputs are
/// of fixed size. What this is worth: docs/finetuning.md.
/// </summary>
static class BlockedConvolutions
{
    // Operators that give finite numbers for the zeros that fill up a block.
    static readonly HashSet<string> _pointwise =
        ["Relu", "LeakyRelu", "Clip", "Sigmoid", "Tanh", "Neg", "Identity", "Cast", "Add", "Sub", "Mul", "Sum", "Where", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"];

    /// <summary>Rewrites; true when anything changed.</summary>
    /// <param name="model">Changed in place; of opset 17.</param>
    public static bool Apply(ModelProto model)
    {
        if (BlockedKernels.Block == 0 || model.Graph.Node.All(n => n.OpType != "Conv")) return false;
        var trace = ShapeTrace.OfFixed(model);
        var nodes = new List<NodeProto>();
        var layout = new BlockedLayout(model.Graph, trace, nodes);
        foreach (var node in model.Graph.Node)
            if (!TryBlocked(node, layout))
            {
                foreach (var input in node.Input.Concat(GraphIndex.Captures(node)).Where(i => i.Length > 0)) layout.RequirePlain(input);
                nodes.Add(node);
            }
        foreach (var output in model.Graph.Output) layout.RequirePlain(output.Name);
        BlockedFusion.Apply(nodes, model.Graph.Output.Select(o => o.Name).ToHashSet());
        model.Graph.Node.Clear();
        model.Graph.Node.AddRange(nodes);
        BlockedKernels.Import(model);
        ConstantFolding.DropUnread(model.Graph);
        return true;
    }

    static bool TryBlocked(NodeProto node, BlockedLayout layout) => node.IsStandard() && node.OpType switch
    {
        "Conv" => Convolution(node, layout),
        "ReduceSum" or "ReduceMean" => Reduction(node, layout),
        _ => _pointwise.Contains(node.OpType) && Pointwise(node, layout),
    };

    static bool Convolution(NodeProto node, BlockedLayout layout)
    {
        var (x, w) = (node.Input[0], node.Input[1]);
        if (layout.Shape(x).Length != 4 || layout.Type(x) != DataType.Float || node.Int("group", 1) != 1) return false;
        if (layout.Swapped(x) is { } images && layout.Swapped(w) is { } gradient)
            return WeightGradientConvolution.TryWrite(node, images, gradient, layout);
        // Few channels are read as they are and come out in blocks.
        var (xs, block) = (layout.Shape(x), BlockedKernels.Block);
        var plain = xs[1] < block;
        if (layout.Shape(w)[0] < block / 2) return false;
        var input = plain ? layout.RequirePlain(x) : layout.RequireBlocked(x);
        var kernel = layout.Kernel(w, plain);
        List<string> inputs = [input, kernel];
        if (node.Input.Count > 2 && node.Input[2].Length > 0) inputs.Add(layout.PadChannels(node.Input[2], 0));
        layout.AddBlocked(node.Output[0], layout.BlockedNode("Conv", inputs, node, "strides", "dilations", "pads", "kernel_shape"));
        return true;
    }

    static bool Pointwise(NodeProto node, BlockedLayout layout)
    {
        var shape = layout.Shape(node.Output[0]);
        if (shape.Length != 4 || !node.Input.Any(layout.HasBlocked)) return false;
        // A number goes with every element; any other shape than the full one would have to be blocked, too.
        bool IsNumber(string i) => layout.Count(i) == 1;
        bool IsFull(string i) => layout.Shape(i).SequenceEqual(shape) && (layout.HasBlocked(i) || layout.Type(i) == DataType.Float);
        bool IsPerChannel(string i) => layout.Type(i) == DataType.Float && node.OpType is "Add" or "Sub" or "Mul" && layout.Count(i) == shape[1]
            && layout.Shape(i) is var s && s.Length >= 3 && s[^3] == shape[1];
        var inputs = node.Input.Where(i => i.Length > 0).ToArray();
        if (!inputs.All(i => IsNumber(i) || IsFull(i) || IsPerChannel(i))) return false;
        var copy = node.Clone();
        var perChannel = inputs.Any(i => !IsNumber(i) && !IsFull(i));
        for (var i = 0; i < node.Input.Count; i++)
        {
            if (node.Input[i].Length == 0 || IsNumber(node.Input[i])) continue;
            copy.Input[i] = !IsFull(node.Input[i]) ? layout.PerChannel(node.Input[i])
                : perChannel ? layout.Channels(layout.RequireBlocked(node.Input[i]), shape) : layout.RequireBlocked(node.Input[i]);
        }
        layout.AddBlocked(node.Output[0], copy, perChannel ? shape : null);
        return true;
    }

    // Sums over images and positions (biases), or over positions (pooling).
    static bool Reduction(NodeProto node, BlockedLayout layout)
    {
        if (!layout.HasBlocked(node.Input[0])) return false;
        var axes = node.OpType == "ReduceSum" ? layout.Integers(node.Input[1]) : node.Ints("axes");
        if (axes is not ([0, 2, 3] or [2, 3])) return false;
        layout.Reduce(node, axes.Length == 3);
        return true;
    }
}
