using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels.Rules;

/// <summary>
/// LSTM, GRU and RNN: what they read ends there, their hidden units are channels of their own. A unit reaches the
/// others only through its column of the recurrent weights, so that it goes with its rows and that column.
/// </summary>
static class RecurrentRules
{
    /// <summary>LSTM: four gates, a cell state, peepholes.</summary>
    public static void Lstm(NodeProto node, ChannelFlow flow) => Apply(node, flow, gates: 4);

    /// <summary>GRU: three gates.</summary>
    public static void Gru(NodeProto node, ChannelFlow flow) => Apply(node, flow, gates: 3);

    /// <summary>RNN: one gate.</summary>
    public static void Rnn(NodeProto node, ChannelFlow flow) => Apply(node, flow, gates: 1);

    // X [T, B, I], W [directions, gates x H, I], R [directions, gates x H, H], B [directions, 2 x gates x H],
    // lengths, initial hidden and cell states [directions, B, H], peepholes [directions, 3 x H]. The batch may come first.
    static void Apply(NodeProto node, ChannelFlow flow, int gates)
    {
        if (!flow.IsConstant(node, 1) || !flow.IsConstant(node, 2) || !flow.IsConstantOrAbsent(node, 3) || !flow.IsConstantOrAbsent(node, 7))
        {
            flow.LockInputs(node, "its weights are computed in the graph");
            return;
        }
        if (ChannelFlow.Has(node, 4) && flow.Of(node.Input[4]) is { } lengths) flow.Lock(lengths.Ids, flow.Because(node, "they say how long sequences are"));
        if (flow.Of(node.Input[0]) is { } input)
        {
            if (input.Axis == 2)
            {
                flow.Consume(node, 0, input);
                flow.Parameter(node, 1, 2, input.Ids);
            }
            else flow.Lock(input.Ids, flow.Because(node, "channels arrive along the time or the batch"));
        }
        var made = flow.Produce(node, (int)flow.Shape(node.Input[2])[2]);
        int[] Times(int count) => [.. Enumerable.Repeat(made, count).SelectMany(ids => ids)];
        flow.Parameter(node, 1, 1, Times(gates));
        flow.Parameter(node, 2, 1, Times(gates));
        flow.Parameter(node, 2, 2, made);
        // What a masked unit tells the others stands in that column alone.
        flow.Mask(node, 2, new AxisChannels(2, made));
        if (ChannelFlow.Has(node, 3)) flow.Parameter(node, 3, 1, Times(2 * gates));
        if (ChannelFlow.Has(node, 7)) flow.Parameter(node, 7, 1, Times(3));
        foreach (var state in (int[])[5, 6])
            if (ChannelFlow.Has(node, state)) Start(node, flow, state, made);
        flow.Rewrite(node, site => site.Node.Set("hidden_size", site.KeptCount(made)));
        for (var o = 0; o < node.Output.Count; o++)
            if (node.Output[o].Length > 0) flow.Set(node.Output[o], o == 0 ? 3 : 2, made);
    }

    // A unit's initial state goes with the unit, and matters to no other.
    static void Start(NodeProto node, ChannelFlow flow, int input, int[] made)
    {
        if (flow.Of(node.Input[input]) is { } channels)
        {
            if (channels.Axis == 2) flow.Join(made, channels.Ids, flow.Because(node, "starts from a state whose channels must stay"));
            else
            {
                flow.Lock(channels.Ids, flow.Because(node, "channels arrive along the batch of its initial state"));
                flow.Lock(made, flow.Because(node, "its initial state is computed in the graph"));
            }
        }
        else if (IsZero(node.Input[input], flow.Model.Index)) flow.Rewrite(node, site => site.Node.Input[input] = "");
        else if (flow.IsConstant(node, input)) flow.Parameter(node, input, 2, made);
        else if (!ConstantBranch.TryCut(node, input, 2, made, flow)) flow.Lock(made, flow.Because(node, "starts from a state that the graph is given or computes"));
    }

    // Zeros in a size that follows the batch, as exporters write them out: the same as no initial state.
    static bool IsZero(string tensor, GraphIndex index)
    {
        if (index.Initializer(tensor) is { } stored) return IsZeros(stored);
        return index.Producer(tensor) is { } node && node.IsStandard() && node.OpType switch
        {
            "ConstantOfShape" => node.Find("value")?.T is not { } value || IsZeros(value),
            "Expand" or "Slice" or "Reshape" or "Transpose" or "Squeeze" or "Unsqueeze" or "Identity" or "Gather" or "Split" => IsZero(node.Input[0], index),
            "Concat" => node.Input.All(i => IsZero(i, index)),
            _ => false,
        };
    }

    static bool IsZeros(TensorProto tensor) => TensorData.IsFloat(tensor) && !TensorData.View(tensor).ContainsAnyExcept((byte)0);
}
