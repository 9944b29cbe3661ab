using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels.Rules;

/// <summary>
/// com.microsoft.MatMulNBits: data [.., K] by weights of few bits, stored as [N, blocks, bytes of a block] with a scale, and often
/// a zero point, for every block of a column. Columns go one by one, what is summed over in whole blocks.
/// </summary>
static class BlockQuantisedRules
{
    const int Weight = 1, Scales = 2, ZeroPoints = 3, GroupIndices = 4, Bias = 5;

    /// <summary>The rule.</summary>
    public static void MatMul(NodeProto node, ChannelFlow flow)
    {
        var input = flow.Of(node.Input[0]);
        if (WhyNot(node, flow, input) is { } reason)
        {
            flow.LockInputs(node, reason);
            return;
        }
        var tables = Tables(node);
        if (input is not null)
        {
            var size = (int)node.Int("block_size", 0);
            // Zero points of few bits share bytes: then as many blocks go together.
            var isPacked = flow.Constant(node, ZeroPoints)?.DataType == (int)TensorProto.Types.DataType.Uint8;
            var together = size * (isPacked ? 8 / (int)node.Int("bits", 4) : 1);
            var because = flow.Because(node, $"stores its weights in blocks of {size}, one of which holds a channel that must stay");
            for (var i = 0; i < input.Ids.Length; i++) flow.Sets.Join(input.Ids[i], input.Ids[i - i % together], because);
            flow.Consume(node, 0, input);
            foreach (var table in tables)
            {
                var entries = (int)flow.Shape(node.Input[table])[1];
                var each = table == ZeroPoints ? together : size;
                flow.Parameter(node, table, 1, [.. Enumerable.Range(0, entries).Select(e => input.Ids[e * each])]);
            }
            flow.Rewrite(node, site => site.Node.Set("K", site.KeptCount(input.Ids)));
        }
        var made = flow.Produce(node, (int)node.Int("N", 0));
        foreach (var table in tables) flow.Parameter(node, table, 0, made);
        flow.ParameterVector(node, Bias, made);
        flow.Rewrite(node, site => site.Node.Set("N", site.KeptCount(made)));
        flow.Set(node.Output[0], flow.Shape(node.Output[0]).Length - 1, made);
    }

    static int[] Tables(NodeProto node) => [.. new[] { Weight, Scales, ZeroPoints }.Where(i => ChannelFlow.Has(node, i))];

    static string? WhyNot(NodeProto node, ChannelFlow flow, AxisChannels? input)
    {
        if (ChannelFlow.Has(node, GroupIndices)) return "takes the blocks of its weights from a list of indices";
        var tables = Tables(node);
        if (tables.Any(i => flow.Constant(node, i) is null) || !flow.IsConstantOrAbsent(node, Bias)) return "only constant weights, scales and zero points are understood";
        // Vectors are tables by now, see BlockTables, unless something else reads them.
        if (tables.Any(i => flow.Shape(node.Input[i]).Length < 2)) return "shares its scales or zero points with other nodes";
        return input is not null && input.Axis != flow.Shape(node.Input[0]).Length - 1 ? "channels arrive on an axis it does not contract" : null;
    }
}
