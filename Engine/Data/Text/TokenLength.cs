namespace OnnxEdit.Engine.Data.Text;

/// <summary>The length that all texts of a model's data are filled up to; it is settled when the last of them is read.</summary>
sealed class TokenLength
{
    /// <summary>Shorter texts are filled up to this at least.</summary>
    const int Least = 17;

    /// <summary>Tokens of the longest text.</summary>
    public int Longest { get; private set; }

    /// <summary>
    /// Positions of an item: as many as the longest text needs, and an odd number, which the sizes of layers hardly ever are, so
    /// that positions are not taken for channels; or what the model insists on or takes at most.
    /// </summary>
    public int Value => Fixed ?? Math.Min(Math.Max(Least, Longest | 1), Most ?? int.MaxValue);

    /// <summary>The length that the model insists on, or null.</summary>
    public int? Fixed { get; init; }

    /// <summary>The length that it takes at most, or null where that is not known.</summary>
    public int? Most { get; init; }

    /// <summary>Tokens that a text is cut to.</summary>
    public int Limit => Fixed ?? Most ?? int.MaxValue;

    /// <summary>Makes room for a text.</summary>
    public void Grow(int tokens) => Longest = Math.Max(Longest, tokens);
}
