namespace OnnxEdit.Engine.Data.Targets;

/// <summary>What the data says of an item beyond a class; a task knows which of these it is measured on.</summary>
abstract record ItemTarget;

/// <summary>One of two items whose likeness people scored. The two items of a pair have the same number and follow one another.</summary>
/// <param name="Pair">Number of the pair.</param>
/// <param name="Score">The score; higher is more alike, any scale.</param>
sealed record PairTarget(int Pair, double Score) : ItemTarget;

/// <summary>A class for every pixel.</summary>
/// <param name="Width">Width of the mask.</param>
/// <param name="Height">Its height.</param>
/// <param name="Classes">Class of each pixel, row by row; <see cref="Ignored"/> counts for nothing.</param>
sealed record MaskTarget(int Width, int Height, byte[] Classes) : ItemTarget
{
    /// <summary>What counts for nothing.</summary>
    public const byte Ignored = 255;
}

/// <summary>What a line of text says, or any other string.</summary>
/// <param name="Text">The string.</param>
sealed record TextTarget(string Text) : ItemTarget;

/// <summary>A tag for every word.</summary>
/// <param name="Tags">The tags in the order of the words, e.g. B-PER, I-PER, O.</param>
sealed record TagsTarget(IReadOnlyList<string> Tags) : ItemTarget
{
    /// <summary>Where the model answers for each word: the position of its first token; -1: cut off, counts for nothing. Null: words are positions, from the first on.</summary>
    public IReadOnlyList<int>? Positions { get; init; }
}

/// <summary>Numbers that the model should return.</summary>
/// <param name="Values">The numbers, in the order of the output's values.</param>
sealed record ValuesTarget(IReadOnlyList<float> Values) : ItemTarget;
