using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Statistics;

/// <summary>A tensor at which activations are measured: what a linear operator reads, after norm and activation.</summary>
/// <param name="Id">Identity of the node that makes the tensor.</param>
/// <param name="Tensor">Name of the tensor.</param>
/// <param name="Channels">Its channel axis and the cell of each position along it.</param>
sealed record MeasurementPoint(string Id, string Tensor, AxisChannels Channels)
{
    /// <summary>Every distinct point with at least one removable cell, in graph order.</summary>
    public static IReadOnlyList<MeasurementPoint> All(ChannelAnalysis analysis)
    {
        ArgumentNullException.ThrowIfNull(analysis);
        var names = new NodeNames(analysis.Model.Proto.Graph);
        return [.. analysis.Consumers
            .Select(consumer => Maps(analysis, consumer.Node.Input[consumer.Input], consumer.Channels))
            .Where(point => analysis.Model.Index.Producer(point.Tensor) is not null
                && point.Channels.Ids.Any(cell => cell >= 0 && analysis.LockOf(cell) is null))
            .DistinctBy(point => point.Tensor)
            .Select(point => new MeasurementPoint(names.Of(analysis.Model.Index.Producer(point.Tensor)!), point.Tensor, point.Channels))];
    }

    // A flattened map is measured before it is flattened: one scalar per channel instead of one per pixel.
    static (string Tensor, AxisChannels Channels) Maps(ChannelAnalysis analysis, string tensor, AxisChannels channels)
    {
        while (analysis.Model.Index.Producer(tensor) is { OpType: "Flatten" or "Reshape" or "Identity" or "Dropout" or "Squeeze" } node
            && analysis.Tensors.TryGetValue(node.Input[0], out var before)
            && before.Ids.Length <= channels.Ids.Length && before.Ids.ToHashSet().SetEquals(channels.Ids))
            (tensor, channels) = (node.Input[0], before);
        return (tensor, channels);
    }
}
