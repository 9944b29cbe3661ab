using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels.Rules;

/// <summary>A constant in a Concat that puts a shape together.</summary>
/// <param name="Node">The Concat.</param>
/// <param name="Input">Which of its inputs.</param>
/// <param name="At">Place in that input.</param>
sealed record ShapeEntry(NodeProto Node, int Input, int At)
{
    /// <summary>Where an entry of a computed shape is stored, or null when it is no constant or others read it too.</summary>
    public static ShapeEntry? Find(string shape, int place, ChannelFlow flow)
    {
        var index = flow.Model.Index;
        if (index.Producer(shape) is not { OpType: "Concat" } node || !node.IsStandard()
            || index.Consumers(shape).Count != 1 || index.IsOutput(shape)) return null;
        for (var i = 0; i < node.Input.Count; i++)
        {
            var length = (int)flow.Shape(node.Input[i]).Aggregate(1L, (a, b) => a * b);
            if (place >= length) place -= length;
            else return flow.Constant(node, i) is not null ? new ShapeEntry(node, i, place) : null;
        }
        return null;
    }
}
