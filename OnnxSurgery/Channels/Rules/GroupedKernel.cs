using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels.Rules;

/// <summary>
/// The weights of a grouped convolution. Its groups must stay equally large, which can be kept up in two ways: whole
/// groups go with all they read and make, or every group loses the channels at the same places.
/// </summary>
/// <param name="Node">The convolution.</param>
/// <param name="Weight">Input with the weights.</param>
/// <param name="Groups">Number of groups.</param>
/// <param name="OutAxis">Axis of the weights for output channels; the other of 0 and 1 is for input channels.</param>
/// <param name="InAxis">Axis of the weights for input channels.</param>
/// <param name="OutPerGroup">Output channels of a group.</param>
/// <param name="InPerGroup">Input channels of a group.</param>
sealed record GroupedKernel(NodeProto Node, int Weight, int Groups, int OutAxis, int InAxis, int OutPerGroup, int InPerGroup)
{
    /// <summary>Joins the channels that go together.</summary>
    public void Tie(ChannelFlow flow, AxisChannels? input, int[] made, string? zeroPoint)
    {
        // Depthwise convolutions lose whole groups. Of the others, whichever way leaves more to choose from.
        var wholeGroups = InPerGroup == 1
            || (input is not null && Groups > InPerGroup + OutPerGroup && !input.Ids.Any(id => id == 0 || flow.Sets.LockOf(id) is not null));
        if (wholeGroups) TieWithinGroups(flow, input, made);
        else TieAcrossGroups(flow, input, made, zeroPoint);
    }

    void TieWithinGroups(ChannelFlow flow, AxisChannels? input, int[] made)
    {
        var source = input?.Ids ?? new int[Groups * InPerGroup];
        var reason = flow.Because(Node, "reads channels that must stay");
        for (var g = 0; g < Groups; g++)
        {
            for (var o = 0; o < OutPerGroup; o++) flow.Sets.Join(made[g * OutPerGroup + o], source[g * InPerGroup], reason);
            for (var c = 1; c < InPerGroup; c++) flow.Sets.Join(source[g * InPerGroup], source[g * InPerGroup + c], reason);
        }
        // The axis that is not per group has one entry per channel of all groups.
        flow.Parameter(Node, Weight, 0, OutAxis == 0 ? made : source);
        flow.Rewrite(Node, site => site.Node.Set("group", site.KeptCount(source) / InPerGroup));
    }

    void TieAcrossGroups(ChannelFlow flow, AxisChannels? input, int[] made, string? zeroPoint)
    {
        var reason = flow.Because(Node, "groups must stay equally large");
        for (var o = OutPerGroup; o < made.Length; o++) flow.Sets.Join(made[o], made[o % OutPerGroup], reason);
        flow.Parameter(Node, Weight, OutAxis, OutAxis == 0 ? made : made[..OutPerGroup]);
        if (input is null) return;
        for (var c = InPerGroup; c < input.Ids.Length; c++) flow.Sets.Join(input.Ids[c], input.Ids[c % InPerGroup], reason);
        flow.Consume(Node, 0, input, zeroPoint);
        flow.Parameter(Node, Weight, InAxis, InAxis == 0 ? input.Ids : input.Ids[..InPerGroup]);
    }
}
