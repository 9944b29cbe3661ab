using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;

namespace OnnxEdit.Engine.Tasks;

/// <summary>Cuts a classifier so that what lies before some of its nodes is run once per image, whatever changes behind it.</summary>
static class TrunkCut
{
    /// <summary>Cuts at the last tensor that everything passes before the first of some nodes.</summary>
    /// <param name="model">A folded model.</param>
    /// <param name="signature">What it takes and returns.</param>
    /// <param name="isBehind">The nodes that must not lie in the trunk.</param>
    /// <returns>The parts, one tensor between them; null where there is no such cut.</returns>
    public static CutParts? Before(NormalisedModel model, ClassifierSignature signature, Func<NodeProto, bool> isBehind)
    {
        var graph = model.Proto.Graph;
        var before = graph.Node.TakeWhile(n => !isBehind(n)).SelectMany(n => n.Output).ToHashSet();
        if (ModelCut.CutsBefore(graph, signature.LogitsName).LastOrDefault(before.Contains) is not { } cut) return null;
        var parts = ModelCut.Cut(model, cut);
        // What is handed over goes into the suffix as items do: one float32 tensor, an item a row.
        var isRow = model.Trace.ElementType(cut) == TensorElementType.Float && model.Trace.Shape(cut).FirstOrDefault() == model.Trace.Batch;
        return isRow && parts.Crossing.Count == 1 && parts.Trunk.Graph.Output.Count == 1 ? parts : null;
    }
}
