using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery;

/// <summary>
/// Movement operators that also take constants as data: embedding tables, class tokens. A constant has no channels
/// of its own to follow, but it can be cut where it meets channels.
/// </summary>
static class ConstantRules
{
    /// <summary>Gather of rows of a constant table [V, E] makes E channels; other Gathers move channels.</summary>
    public static void Gather(NodeProto node, ChannelFlow flow)
    {
        if (flow.Constant(node, 0) is not { Dims.Count: 2 } table || node.Int("axis", 0) is not (0 or -2)
            || !TensorData.IsFloat(table) || flow.Of(node.Input[1]) is not null || flow.Shape(node.Output[0]).Length < 2)
        {
            MovementRules.Gather(node, flow);
            return;
        }
        var made = flow.Produce(node, (int)table.Dims[1]);
        flow.Parameter(node, 0, 1, made);
        flow.Set(node.Output[0], flow.Shape(node.Output[0]).Length - 1, made);
    }

    /// <summary>Expand; a constant that only the batch expands is left to the operator that reads it.</summary>
    public static void Expand(NodeProto node, ChannelFlow flow)
    {
        if (flow.Of(node.Input[0]) is not null) MovementRules.Reshape(node, flow);
    }

    /// <summary>Concat: constants joined along other axes (a class token) are cut with the channels they join.</summary>
    public static void Concat(NodeProto node, ChannelFlow flow)
    {
        if (node.Input.Select(flow.Of).OfType<AxisChannels>().FirstOrDefault() is { } carried)
        {
            var rank = flow.Shape(node.Output[0]).Length;
            var axis = (int)node.Int("axis", 0);
            if ((axis < 0 ? axis + rank : axis) != carried.Axis)
                foreach (var input in node.Input.Distinct().Where(i => flow.Of(i) is null).ToArray()) Cut(node, input, carried, flow);
        }
        MovementRules.Concat(node, flow);
    }

    // Gives a constant, or one repeated along the batch, the channels of the tensor it is joined with.
    static void Cut(NodeProto node, string input, AxisChannels channels, ChannelFlow flow)
    {
        var shape = flow.Shape(input);
        if (shape[channels.Axis] != channels.Ids.Length) return;
        if (flow.Model.Index.Initializer(input) is not null)
            flow.Parameter(node, node.Input.IndexOf(input), channels.Axis, channels.Ids);
        else if (flow.Model.Index.Producer(input) is { OpType: "Expand" } expand && flow.Constant(expand, 0) is { } constant
            && flow.Model.Index.Consumers(input).Count == 1 && constant.Dims.Count == shape.Length
            && constant.Dims[channels.Axis] == channels.Ids.Length && flow.Model.Trace.Integers(expand.Input[1]) is var (target, _)
            && (target.Length < shape.Length - channels.Axis || target[channels.Axis - (shape.Length - target.Length)] == 1))
            flow.Parameter(expand, 0, channels.Axis, channels.Ids);
        else return;
        flow.Set(input, channels.Axis, channels.Ids);
    }
}
