using OnnxEdit.Surgery.Components;

namespace OnnxEdit.Engine.Data;

/// <summary>
/// Texts for a language model that is explained by its mean margin (<see cref="TokenMargin"/>): what comes next is in the
/// text itself, so that every text has the label 0, which that margin belongs to.
/// </summary>
/// <param name="texts">Token ids, [tokens] each.</param>
sealed class TokenSequences(ItemSet texts) : ItemSet
{
    /// <inheritdoc/>
    public override int Count => texts.Count;

    /// <inheritdoc/>
    public override IReadOnlyList<int> ItemShape => texts.ItemShape;

    /// <inheritdoc/>
    public override int Label(int index) => 0;

    /// <inheritdoc/>
    public override void Fill(int start, int count, Span<float> destination) => texts.Fill(start, count, destination);
}
