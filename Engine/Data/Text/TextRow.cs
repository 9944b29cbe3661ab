namespace OnnxEdit.Engine.Data.Text;

/// <summary>What a row of a <see cref="TextTable"/> says.</summary>
/// <param name="First">The text.</param>
/// <param name="Second">The second text; null: the table has one text column.</param>
sealed record TextRow(string First, string? Second)
{
    /// <summary>How alike both texts are, in the table's own scale; null: the table does not say.</summary>
    public double? Score { get; init; }

    /// <summary>Number of the class, -1: the table has none.</summary>
    public int Label { get; init; } = -1;

    /// <summary>The class as the table calls it; null: by its number.</summary>
    public string? LabelName { get; init; }

    /// <summary>A tag for each word; null: the table has none.</summary>
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>Numbers that the model should return; null: the table has none.</summary>
    public IReadOnlyList<float>? Values { get; init; }
}
