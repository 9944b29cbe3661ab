namespace OnnxEdit.Surgery.Model.Counting;

/// <summary>LSTM, GRU and RNN.</summary>
static class RecurrentMacs
{
    /// <summary>
    /// Weights of the input and of the state, [directions, gates x H, I] and [directions, gates x H, H], once in every step
    /// of X [steps, batch, I] or [batch, steps, I]. Peepholes are elementwise.
    /// </summary>
    public static IReadOnlyList<MacTerm> Of(NodeSizes sizes) =>
        [.. ((int[])[1, 2]).Select(weight => new MacTerm(1, [sizes.InputAxis(0, 0), sizes.InputAxis(0, 1), sizes.Whole(weight)]))];
}
