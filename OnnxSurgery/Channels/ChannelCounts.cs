using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels;

/// <summary>
/// Integers in the graph that are numbers of channels: what a Shape reads from a tensor whose channels may go. They
/// are followed as they are picked apart and put together; whoever computes with one locks the channels it counts.
/// </summary>
sealed class ChannelCounts
{
    // One number per element of a followed tensor: 0, or 1 + the place in _counted.
    readonly Dictionary<string, int[]> _entries = [];
    readonly List<(int[] Ids, bool Exact)> _counted = [];

    /// <summary>True when an element of a tensor is exactly the number of these channels.</summary>
    public bool Says(string tensor, int at, int[] ids, ChannelFlow flow) =>
        _entries.TryGetValue(tensor, out var entries) && at < entries.Length && Counts(entries[at], ids, flow);

    /// <summary>Locks the channels that a tensor counts.</summary>
    public void Lock(string tensor, ChannelFlow flow, ChannelLock reason)
    {
        foreach (var entry in _entries.GetValueOrDefault(tensor) ?? [])
            if (entry > 0) flow.Lock(_counted[entry - 1].Ids, reason);
    }

    /// <summary>Follows counts through a node.</summary>
    public void Follow(NodeProto node, ChannelFlow flow)
    {
        if (node.IsStandard() && node.OpType is "Shape" or "Size" && flow.Of(node.Input[0]) is { } channels)
        {
            Read(node, flow, channels);
            return;
        }
        var counting = node.Input.Concat(GraphIndex.Captures(node)).Where(_entries.ContainsKey).ToArray();
        if (counting.Length == 0 || (node.IsStandard() && Move(node, flow))) return;
        foreach (var tensor in counting)
            if (!IsOfItsOwn(node, tensor, flow)) Lock(tensor, flow, flow.Because(node, "computes with the number of channels"));
    }

    void Read(NodeProto node, ChannelFlow flow, AxisChannels channels)
    {
        var rank = flow.Shape(node.Input[0]).Length;
        _counted.Add((channels.Ids, node.OpType == "Shape"));
        if (node.OpType == "Size")
        {
            Set(node.Output[0], [_counted.Count]);
            return;
        }
        int Clamped(long at) => (int)Math.Clamp(at < 0 ? at + rank : at, 0, rank);
        var entries = new int[rank];
        entries[channels.Axis] = _counted.Count;
        var (start, end) = (Clamped(node.Int("start", 0)), Clamped(node.Int("end", rank)));
        Set(node.Output[0], end > start ? entries[start..end] : []);
    }

    // Operators that only move elements are run on the numbers of the counts.
    bool Move(NodeProto node, ChannelFlow flow)
    {
        switch (node.OpType)
        {
            case "Identity" or "Cast":
                Set(node.Output[0], _entries[node.Input[0]]);
                return true;
            case "Add" or "Sub" or "Mul" or "Div" or "Floor" or "Ceil" when flow.Shape(node.Output[0]).Length <= 1:
                return Compute(node, flow);
            case "Concat" or "Gather" or "Slice" or "Squeeze" or "Unsqueeze" or "Reshape" or "Split":
                bool IsData(int input) => input == 0 || node.OpType == "Concat";
                for (var i = 0; i < node.Input.Count; i++)
                    if (!IsData(i) && ChannelFlow.Has(node, i) && flow.Constant(node, i) is null) return false;
                var moved = IndexExecution.Run(node, flow, IsData,
                    (tensor, shape) => _entries.TryGetValue(tensor, out var e) ? Array.ConvertAll(e, v => (float)v) : new float[shape.Aggregate(1L, (a, b) => a * b)]);
                foreach (var (output, (entries, _)) in node.Output.Where(o => o.Length > 0).Zip(moved)) Set(output, entries);
                return true;
            default:
                return false;
        }
    }

    // Element by element: the result depends on the channels where an operand does, and is no longer their number.
    bool Compute(NodeProto node, ChannelFlow flow)
    {
        var length = flow.Shape(node.Output[0]).Aggregate(1L, (a, b) => a * b);
        var result = new int[length];
        foreach (var entries in node.Input.Select(i => _entries.GetValueOrDefault(i)).OfType<int[]>())
            for (var i = 0; i < result.Length; i++)
            {
                var entry = entries[entries.Length == 1 ? 0 : i];
                if (entry == 0) continue;
                var ids = _counted[entry - 1].Ids;
                _counted.Add((result[i] == 0 ? ids : [.. ids, .. _counted[result[i] - 1].Ids], false));
                result[i] = _counted.Count;
            }
        Set(node.Output[0], result);
        return true;
    }

    // Sizes for the very axis that they were read from follow it when it shrinks; the rules of these operators look.
    bool IsOfItsOwn(NodeProto node, string tensor, ChannelFlow flow)
    {
        var place = node.OpType switch { "Resize" => 3, "Reshape" or "Expand" => 1, _ => -1 };
        return node.IsStandard() && place >= 0 && node.Input.IndexOf(tensor) == place && flow.Of(node.Input[0]) is { } data
            && _entries[tensor].All(e => e == 0 || Counts(e, data.Ids, flow));
    }

    bool Counts(int entry, int[] ids, ChannelFlow flow) => entry > 0 && _counted[entry - 1] is (var counted, true)
        && counted.Select(flow.Sets.Find).SequenceEqual(ids.Select(flow.Sets.Find));

    void Set(string tensor, int[] entries)
    {
        if (entries.Any(e => e != 0)) _entries[tensor] = entries;
    }
}
