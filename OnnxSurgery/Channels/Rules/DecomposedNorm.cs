using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels.Rules;

/// <summary>Recognises the mean of a normalisation that was exported in single steps, so that a lock can say what it is.</summary>
static class DecomposedNorm
{
    /// <summary>What a reduction is the first step of, or null.</summary>
    public static string? Of(NodeProto reduction, GraphIndex index)
    {
        var readers = index.Consumers(reduction.Output[0]);
        switch (reduction.OpType)
        {
            // x - mean(x), or the mean of the squares of that.
            case "ReduceMean" when readers.Any(r => r.OpType == "Sub" && r.Input[0] == reduction.Input[0]): return "LayerNormalization";
            case "ReduceMean" when index.Producer(reduction.Input[0]) is { OpType: "Pow" or "Mul" } square && LeadsToRoot(readers, index):
                return index.Producer(square.Input[0]) is { OpType: "Sub" } ? "LayerNormalization" : "RMSNormalization";
            // x / sqrt(sum(x^2))
            case "ReduceL2" when readers.Any(r => r.OpType is "Div" or "Clip" or "Max" or "Add" or "Expand"): return "LpNormalization";
            default: return null;
        }
    }

    static bool LeadsToRoot(IReadOnlyList<NodeProto> readers, GraphIndex index) =>
        readers.Any(r => r.OpType is "Sqrt" or "Pow" || (r.OpType == "Add" && index.Consumers(r.Output[0]).Any(n => n.OpType is "Sqrt" or "Pow" or "Reciprocal")));
}
