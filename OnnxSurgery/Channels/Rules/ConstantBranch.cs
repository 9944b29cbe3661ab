using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels.Rules;

/// <summary>
/// A small part of a graph that makes a tensor of constants alone, in a size that follows the batch: an expanded class
/// token, zeros plus a vector. Its channels are no one's until they meet others; then they are cut with these.
/// </summary>
static class ConstantBranch
{
    /// <summary>Cuts what makes an input of a node along an axis; false, and nothing done, where that cannot be.</summary>
    public static bool TryCut(NodeProto reader, int input, int axis, int[] ids, ChannelFlow flow)
    {
        List<Action> cuts = [];
        if (!Plan(reader, input, axis, ids, flow, cuts)) return false;
        foreach (var cut in cuts) cut();
        return true;
    }

    static bool Plan(NodeProto reader, int input, int axis, int[] ids, ChannelFlow flow, List<Action> cuts)
    {
        var tensor = reader.Input[input];
        if (flow.Shape(tensor)[axis] != ids.Length) return false;
        if (flow.IsConstant(reader, input))
        {
            cuts.Add(() => flow.Parameter(reader, input, axis, ids));
            return true;
        }
        var index = flow.Model.Index;
        if (index.Producer(tensor) is not { } node || !node.IsStandard() || node.Output.Count != 1
            || index.Consumers(tensor).Count != 1 || index.IsOutput(tensor)) return false;
        switch (node.OpType)
        {
            case "Add" or "Mul" or "Sub":
                return Enumerable.Range(0, 2).All(i => Broadcast(node, i, axis, ids, flow, cuts));
            case "Expand":
                return Sized(node, 1, axis - (flow.Shape(tensor).Length - (int)flow.Shape(node.Input[1])[0]), ids, flow, cuts)
                    && Broadcast(node, 0, axis, ids, flow, cuts);
            case "ConstantOfShape":
                return Sized(node, 0, axis, ids, flow, cuts);
            default:
                return false;
        }
    }

    // An operand of one place along the axis serves all channels.
    static bool Broadcast(NodeProto node, int input, int axis, int[] ids, ChannelFlow flow, List<Action> cuts)
    {
        var shape = flow.Shape(node.Input[input]);
        var own = axis - (flow.Shape(node.Output[0]).Length - shape.Length);
        return own < 0 || shape[own] == 1
            ? flow.Of(node.Input[input]) is null
            : flow.Of(node.Input[input]) is null && Plan(node, input, own, ids, flow, cuts);
    }

    // The entry of a shape is a constant of the node, or of the Concat that puts the shape together.
    static bool Sized(NodeProto node, int input, int at, int[] ids, ChannelFlow flow, List<Action> cuts)
    {
        if (at < 0) return true;
        if (flow.Constant(node, input) is { } shape)
        {
            if (TensorData.Integers(shape)[at] != 1) cuts.Add(() => Rewrite(new ShapeEntry(node, input, at), ids, flow));
            return true;
        }
        if (flow.Model.Trace.Integers(node.Input[input]) is not { } traced || traced.First[at] != traced.Second[at]) return false;
        if (traced.First[at] == 1 && node.OpType == "Expand") return true;
        if (ShapeEntry.Find(node.Input[input], at, flow) is not { } entry) return false;
        cuts.Add(() => Rewrite(entry, ids, flow));
        return true;
    }

    static void Rewrite(ShapeEntry entry, int[] ids, ChannelFlow flow) => flow.Rewrite(entry.Node, site =>
    {
        var values = site.Integers(entry.Input);
        values[entry.At] = site.KeptCount(ids);
        site.SetIntegers(entry.Input, values);
    });
}
