using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels.Rules;

/// <summary>Reshape and Expand: the target's entry for the channel axis becomes what is left of it.</summary>
static class ReshapeRules
{
    /// <summary>Reshape to, or Expand to, a constant or computed shape.</summary>
    public static void Reshape(NodeProto node, ChannelFlow flow)
    {
        var computed = ChannelFlow.Has(node, 1) && flow.Constant(node, 1) is null;
        if (!MovementRules.Execute(node, flow, i => i == 0, asTraced: true) || flow.Of(node.Output[0]) is not { } output) return;
        var input = flow.Of(node.Input[0])!;
        if (!ChannelFlow.Has(node, 1)) flow.LockInputs(node, "its target shape is an attribute of a very old opset");
        else if (computed) Computed(node, flow, input, output);
        else Constant(node, flow, input, output);
    }

    static void Constant(NodeProto node, ChannelFlow flow, AxisChannels input, AxisChannels output)
    {
        var inShape = flow.Shape(node.Input[0]);
        flow.Rewrite(node, site =>
        {
            var target = site.Integers(1);
            var axis = output.Axis - (flow.Shape(node.Output[0]).Length - target.Length);
            if (axis < 0) return;
            var kept = site.KeptCount(output.Ids);
            var copies = node.OpType == "Reshape" && target[axis] == 0;
            if (copies && (input.Axis != axis || site.KeptCount(input.Ids) != kept)) target[axis] = kept;
            else if (target[axis] > 0 && !(node.OpType == "Expand" && target[axis] == 1)) target[axis] = kept;
            // A 0 that copies the shrunk channel axis of the input to an axis that does not shrink is spelt out.
            if (node.OpType == "Reshape" && input.Axis != axis && input.Axis < target.Length && target[input.Axis] == 0)
                target[input.Axis] = inShape[input.Axis];
            site.SetIntegers(1, target);
        });
    }

    // The entry for the channels must follow by itself (-1, a copied 0, a count of the same channels), or be a constant
    // that the target is put together from. The others must not depend on the channels.
    static void Computed(NodeProto node, ChannelFlow flow, AxisChannels input, AxisChannels output)
    {
        const string why = "its target shape is computed in the graph";
        var (first, second) = flow.Model.Trace.Integers(node.Input[1])!.Value;
        var axis = output.Axis - (flow.Shape(node.Output[0]).Length - first.Length);
        var copiesElsewhere = node.OpType == "Reshape" && input.Axis != axis && input.Axis < first.Length && first[input.Axis] == 0;
        if (axis < 0 || first.Length != second.Length || copiesElsewhere)
        {
            if (axis >= 0 || node.OpType != "Expand") flow.LockInputs(node, why);
            return;
        }
        if (flow.Counts.Says(node.Input[1], axis, output.Ids, flow)) return;
        if (node.OpType == "Reshape" && (first[axis] == -1 || (first[axis] == 0 && input.Axis == axis && input.Ids.Length == output.Ids.Length))) return;
        if (node.OpType == "Expand" && first[axis] == 1) return;
        if (ShapeEntry.Find(node.Input[1], axis, flow) is not { } entry)
        {
            flow.LockInputs(node, why);
            return;
        }
        flow.Rewrite(entry.Node, site =>
        {
            var values = site.Integers(entry.Input);
            values[entry.At] = site.KeptCount(output.Ids);
            site.SetIntegers(entry.Input, values);
        });
    }
}
