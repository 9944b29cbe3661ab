using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels.Rules;

/// <summary>A matrix product of data by a constant, with the axes that take part.</summary>
/// <param name="Node">The node.</param>
/// <param name="Data">Input with the data.</param>
/// <param name="Weight">Input with the constant.</param>
/// <param name="DataAxis">Axis of the data that is summed over.</param>
/// <param name="InAxis">Axis of the constant that is summed over.</param>
/// <param name="OutAxis">Axis of the constant that makes new channels.</param>
/// <param name="ResultAxis">Axis of the output on which they appear.</param>
sealed record Contraction(NodeProto Node, int Data, int Weight, int DataAxis, int InAxis, int OutAxis, int ResultAxis)
{
    /// <summary>Tensor with the integer that stands for zero, for quantised products.</summary>
    public string? ZeroPoint { get; init; }

    /// <summary>Ends the channels that are summed over and starts new ones.</summary>
    /// <returns>The new channels, or null when channels on another axis pass through instead.</returns>
    public int[]? Apply(ChannelFlow flow)
    {
        var input = flow.Of(Node.Input[Data]);
        if (input is not null && input.Axis != DataAxis)
        {
            // The same product for every channel. A tensor carries channels along one axis: those that arrive stay
            // followed while they are free; else new ones start.
            if (input.Ids.Any(id => id != 0 && flow.Sets.LockOf(id) is null) && Pass(flow, input)) return null;
            flow.LockInputs(Node, "channels arrive on an axis it does not contract");
        }
        else if (input is not null)
        {
            flow.Consume(Node, Data, input, ZeroPoint);
            flow.Parameter(Node, Weight, InAxis, input.Ids);
        }
        var made = flow.Produce(Node, (int)flow.Shape(Node.Input[Weight])[OutAxis]);
        flow.Parameter(Node, Weight, OutAxis, made);
        flow.Set(Node.Output[0], ResultAxis, made);
        return made;
    }

    // Channels on a batch axis go along, and so does that axis of the constant where it has one entry per channel.
    bool Pass(ChannelFlow flow, AxisChannels input)
    {
        var rank = flow.Shape(Node.Output[0]).Length;
        var axis = input.Axis + rank - flow.Shape(Node.Input[Data]).Length;
        if (flow.Shape(Node.Output[0])[axis] != input.Ids.Length) return false;
        if (axis < rank - 2)
        {
            var dims = flow.Shape(Node.Input[Weight]);
            var own = axis - (rank - dims.Length);
            if (own >= 0 && dims[own] > 1) flow.Parameter(Node, Weight, own, input.Ids);
        }
        flow.Set(Node.Output[0], axis, input.Ids);
        return true;
    }
}
