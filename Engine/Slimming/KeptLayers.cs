using OnnxEdit.Engine.Linear;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Slimming;

/// <summary>Layers that lose inputs and that least squares cannot re-fit: transposed, quantised, recurrent, binary weights.</summary>
static class KeptLayers
{
    /// <summary>One sentence that names them, or null when there are none.</summary>
    /// <param name="analysis">The analysis.</param>
    /// <param name="removed">The cells removed.</param>
    public static string? Note(ChannelAnalysis analysis, IReadOnlyList<bool> removed)
    {
        var units = UnitTarget.All(analysis.Model.Proto, analysis.Model.Trace).Where(t => !t.Unit.IsBinary()).Select(t => t.Unit.Node).ToHashSet();
        // Products of activations have no weights to keep.
        var kept = analysis.Consumers.GroupBy(c => c.Node).Where(g => g.Count() == 1 && g.Key.OpType is not ("Attention" or "Einsum"))
            .Where(g => !units.Contains(g.Key) && g.First().Channels.Ids.Any(id => id >= 0 && removed[id]))
            .Select(g => g.Key).ToArray();
        if (kept.Length == 0) return null;
        var names = new NodeNames(analysis.Model.Proto.Graph);
        return $"{(kept.Length == 1 ? "One layer that lost inputs keeps its weights" : $"{kept.Length} layers that lost inputs keep their weights")}, "
            + $"since only Conv, Gemm and MatMul with stored weights of more than two values can be re-fitted: {string.Join(", ", kept.Take(3).Select(Named))}{(kept.Length > 3 ? " ..." : "")}.";

        string Named(NodeProto node) => $"{node.OpType} '{names.Of(node)}'";
    }
}
