using OnnxEdit.Surgery.Channels.Rules;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels;

/// <summary>
/// Constants that reach an operator through others that only hand them on: weights behind a DequantizeLinear, a
/// Transpose, a Cast. A cut of what arrives becomes a cut of the initializer where it starts.
/// </summary>
static class ConstantPath
{
    /// <summary>True for an initializer, and for what is made of initializers by operators that a cut can pass.</summary>
    public static bool IsConstant(string tensor, GraphIndex index)
    {
        if (index.Initializer(tensor) is not null) return true;
        return index.Producer(tensor) is { } node && WeightRoles.PassesOn(node) && node.OpType != "Expand"
            && node.Output.Count == 1 && node.Input.All(i => i.Length == 0 || IsConstant(i, index));
    }

    /// <summary>Cuts what the node that makes <paramref name="tensor"/> reads, so that the tensor loses these places.</summary>
    public static void Cut(string tensor, int axis, int[] ids, ChannelFlow flow)
    {
        if (flow.Model.Index.Producer(tensor) is not { } node) return;
        switch (node.OpType)
        {
            case "Identity" or "Cast":
                flow.Parameter(node, 0, axis, ids);
                break;
            case "DequantizeLinear":
                flow.Parameter(node, 0, axis, ids);
                QuantisedRules.CutScales(node, flow, axis, ids);
                break;
            case "Transpose":
                var perm = node.Ints("perm");
                flow.Parameter(node, 0, (int)(perm?[axis] ?? flow.Shape(tensor).Length - 1 - axis), ids);
                break;
            default:
                CutReshaped(node, tensor, axis, ids, flow);
                break;
        }
    }

    // The axis must be one of the source too: as long, with as many elements before it.
    static void CutReshaped(NodeProto node, string tensor, int axis, int[] ids, ChannelFlow flow)
    {
        var (from, to) = (flow.Shape(node.Input[0]), flow.Shape(tensor));
        var outer = to.Take(axis).Aggregate(1L, (a, b) => a * b);
        for (var a = 0; a < from.Length; a++)
        {
            if (from[a] != to[axis] || from.Take(a).Aggregate(1L, (x, y) => x * y) != outer) continue;
            flow.Parameter(node, 0, a, ids);
            if (node.OpType != "Reshape") return;
            flow.Rewrite(node, site =>
            {
                var target = site.Integers(1);
                if (target[axis] > 0) target[axis] = site.KeptCount(ids);
                site.SetIntegers(1, target);
            });
            return;
        }
        flow.Lock(ids, flow.Because(node, "reshapes weights so that the channel is no axis of what is stored"));
    }
}
