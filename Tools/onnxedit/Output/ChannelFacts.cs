using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Cli;

/// <summary>What explain says of a model's channels; the JSON result has these properties.</summary>
sealed record ChannelFacts
{
    /// <summary>The file.</summary>
    public required string? Model { get; init; }

    /// <summary>Learned parameters.</summary>
    public required long Parameters { get; init; }

    /// <summary>Multiply-accumulates for one item.</summary>
    public required long Macs { get; init; }

    /// <summary>Parameters that stay with one channel left everywhere.</summary>
    public required long LeastParameters { get; init; }

    /// <summary>Multiply-accumulates that stay with one channel left everywhere.</summary>
    public required long LeastMacs { get; init; }

    /// <summary>Channel groups in the order of their first producer.</summary>
    public required IReadOnlyList<GroupFacts> Groups { get; init; }

    /// <summary>A channel group.</summary>
    /// <param name="Name">Identity of the first node that makes the channels.</param>
    /// <param name="Channels">Number of channels that can be told apart.</param>
    /// <param name="Prunable">How many of them may be removed.</param>
    /// <param name="ParametersEach">Parameters that removing one saves, on average.</param>
    /// <param name="MacsEach">Multiply-accumulates that removing one saves, on average.</param>
    /// <param name="Producers">Nodes that make the channels.</param>
    /// <param name="Consumers">Nodes that read them.</param>
    /// <param name="Locks">What locks channels, each reason once.</param>
    internal sealed record GroupFacts(
        string Name, int Channels, int Prunable, long ParametersEach, long MacsEach,
        IReadOnlyList<NodeFacts> Producers, IReadOnlyList<NodeFacts> Consumers, IReadOnlyList<LockFacts> Locks);

    /// <summary>A node.</summary>
    /// <param name="Node">Its identity.</param>
    /// <param name="Op">Its operator.</param>
    internal sealed record NodeFacts(string Node, string Op);

    /// <summary>A reason why channels must stay.</summary>
    /// <param name="Node">The node that locks them.</param>
    /// <param name="Op">Its operator.</param>
    /// <param name="Reason">Why.</param>
    /// <param name="Channels">How many it locks.</param>
    internal sealed record LockFacts(string Node, string Op, string Reason, int Channels);

    /// <summary>Collects the facts.</summary>
    internal static ChannelFacts Of(string? path, ChannelAnalysis analysis)
    {
        var cost = new RemovalCost(analysis);
        var limit = RemovalLimit.Of(analysis);
        var guard = new LastChannelGuard(analysis);
        var names = new NodeNames(analysis.Model.Proto.Graph);
        return new ChannelFacts
        {
            Model = path,
            Parameters = (long)cost.TotalParameters,
            Macs = (long)cost.TotalMacs,
            LeastParameters = (long)Math.Round(limit.Parameters),
            LeastMacs = (long)Math.Round(limit.Macs),
            Groups = [.. analysis.Groups.Select(group => Describe(group, analysis, cost, guard, names))],
        };
    }

    static GroupFacts Describe(ChannelGroup group, ChannelAnalysis analysis, RemovalCost cost, LastChannelGuard guard, NodeNames names)
    {
        var gains = group.Cells.Select(cell => cost.Gain([cell])).ToArray();
        var locks = group.Cells.Select(LockOf).OfType<ChannelLock>().ToArray();
        return new GroupFacts(
            group.Name, group.Cells.Count, group.Cells.Count - locks.Length,
            (long)Math.Round(gains.Average(gain => gain.Parameters)), (long)Math.Round(gains.Average(gain => gain.Macs)),
            Nodes(group.Producers), Nodes(group.Consumers),
            [.. locks.GroupBy(reason => reason).Select(same => new LockFacts(same.Key.Node, same.Key.Op, same.Key.Reason, same.Count()))]);

        ChannelLock? LockOf(int cell) => analysis.LockOf(cell) ?? (guard.MayRemove([cell])
            ? null : new ChannelLock(group.Name, group.Producers[0].OpType, "its channels go together, and one must stay"));

        NodeFacts[] Nodes(IEnumerable<NodeProto> nodes) => [.. nodes.Distinct().Select(node => new NodeFacts(names.Of(node), node.OpType))];
    }
}
