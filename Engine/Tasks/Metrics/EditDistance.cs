namespace OnnxEdit.Engine.Tasks.Metrics;

/// <summary>The smallest number of insertions, deletions and substitutions that make one sequence of another (Levenshtein).</summary>
static class EditDistance
{
    /// <summary>Between sequences of numbers.</summary>
    public static int Between(ReadOnlySpan<int> first, ReadOnlySpan<int> second)
    {
        var row = new int[second.Length + 1];
        for (var j = 0; j < row.Length; j++) row[j] = j;
        for (var i = 0; i < first.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i + 1;
            for (var j = 0; j < second.Length; j++)
            {
                var substituted = diagonal + (first[i] == second[j] ? 0 : 1);
                diagonal = row[j + 1];
                row[j + 1] = Math.Min(substituted, Math.Min(row[j], row[j + 1]) + 1);
            }
        }
        return row[^1];
    }

    /// <summary>Between strings, in Unicode scalar values: an astral character is one, a letter with a combining mark two, unless composed.</summary>
    public static int Between(string first, string second) => Between(Scalars(first), Scalars(second));

    /// <summary>Length of a string in Unicode scalar values.</summary>
    public static int Length(string text) => Scalars(text).Length;

    static int[] Scalars(string text) => [.. text.EnumerateRunes().Select(rune => rune.Value)];
}
