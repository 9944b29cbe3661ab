using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Surgery.Channels.Rules;

/// <summary>
/// Entries of an integer vector that the graph puts together from constants and computed numbers, like the pads of an
/// image whose size is open: some of them are constant whatever the others are.
/// </summary>
static class ComputedEntries
{
    /// <summary>True when all these entries are the constant 0.</summary>
    public static bool AreZero(string tensor, int[] places, ChannelFlow flow) =>
        flow.Model.Trace.Integers(tensor) is var (values, _) && values.Length > places.Max()
        && Computed(tensor, flow) is var marks && places.All(p => values[p] == 0 && marks[p] == 0);

    // 1 for elements that are computed, found by moving such marks as the graph moves the elements.
    static float[] Computed(string tensor, ChannelFlow flow)
    {
        var count = flow.Shape(tensor).Aggregate(1L, (a, b) => a * b);
        if (flow.Model.Index.Initializer(tensor) is not null) return new float[count];
        if (flow.Model.Index.Producer(tensor) is not { } node || !node.IsStandard()) return Ones(count);
        bool IsData(int input) => input == 0 || node.OpType == "Concat";
        switch (node.OpType)
        {
            case "ConstantOfShape":
                return new float[count];
            case "Concat" or "Gather" or "Slice" or "Squeeze" or "Unsqueeze" or "Reshape" or "Transpose" or "Identity":
                if (Enumerable.Range(0, node.Input.Count).Any(i => !IsData(i) && ChannelFlow.Has(node, i) && flow.Constant(node, i) is null)) return Ones(count);
                return Array.ConvertAll(IndexExecution.Run(node, flow, IsData, (input, _) => Computed(input, flow))[0].Ids, mark => (float)mark);
            case "Cast":
                return Computed(node.Input[0], flow);
            default:
                return Ones(count);
        }
    }

    static float[] Ones(long count) => [.. Enumerable.Repeat(1f, (int)count)];
}
