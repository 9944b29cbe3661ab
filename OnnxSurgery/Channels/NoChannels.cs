using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Surgery.Channels;

/// <summary>Why a model has no channels at all.</summary>
static class NoChannels
{
    /// <summary>The reason, as the end of a sentence; only for an analysis without groups.</summary>
    public static string Because(ChannelAnalysis analysis)
    {
        // Sub-graphs are not looked into.
        var inside = analysis.Model.Proto.Graph.Node.FirstOrDefault(n => n.Attribute.Any(a => a.G is not null || a.Graphs.Count > 0));
        return $"the model has no convolution or matrix product with constant weights"
            + (inside is null ? "" : $" outside the sub-graphs of {inside.OpType} '{new NodeNames(analysis.Model.Proto.Graph).Of(inside)}', which stay as they are");
    }
}
