using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels.Rules;

/// <summary>Recognises the means of a LayerNormalization that was exported in single steps. A channel of zeros counts in its variance, as the mean is taken from it.</summary>
static class DecomposedNorm
{
    /// <summary>What a reduction is a step of, or null.</summary>
    public static string? Of(NodeProto reduction, GraphIndex index)
    {
        var readers = index.Consumers(reduction.Output[0]);
        // x - mean(x), or the mean of the squares of that.
        if (readers.Any(r => r.OpType == "Sub" && r.Input[0] == reduction.Input[0])) return "LayerNormalization";
        return index.Producer(reduction.Input[0]) is { OpType: "Pow" or "Mul" } square && index.Producer(square.Input[0]) is { OpType: "Sub" } && LeadsToRoot(readers, index)
            ? "LayerNormalization" : null;
    }

    static bool LeadsToRoot(IReadOnlyList<NodeProto> readers, GraphIndex index) =>
        readers.Any(r => r.OpType is "Sqrt" or "Pow" || (r.OpType == "Add" && index.Consumers(r.Output[0]).Any(n => n.OpType is "Sqrt" or "Pow" or "Reciprocal")));
}
