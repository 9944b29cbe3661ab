using System.Globalization;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Attribution;

/// <summary>Numbers of chunks as text, such as 17,42-44.</summary>
static class ChunkNumbers
{
    /// <summary>Reads numbers.</summary>
    /// <param name="text">The text.</param>
    /// <param name="count">Number of chunks that there are.</param>
    /// <exception cref="OnnxEngineException">It is no such text, or there is no such chunk (<see cref="ErrorKind.Usage"/>).</exception>
    public static IReadOnlyList<int> Parse(string text, int count)
    {
        SortedSet<int> numbers = [];
        foreach (var part in text.Split(','))
        {
            int?[] ends = [.. part.Split('-').Select(t => int.TryParse(t.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : (int?)null)];
            if (ends is not ([{ }] or [{ }, { }]) || ends[0] > ends[^1]) throw new OnnxEngineException(ErrorKind.Usage, $"Chunks are named like 17,42-44, not '{text}'.");
            if (ends[^1] >= count) throw new OnnxEngineException(ErrorKind.Usage, $"There is no chunk {ends[^1]}: the run has {count}, 0 to {count - 1}.");
            numbers.UnionWith(Enumerable.Range(ends[0]!.Value, ends[^1]!.Value - ends[0]!.Value + 1));
        }
        return [.. numbers];
    }

    /// <summary>Writes numbers.</summary>
    /// <param name="numbers">Ascending.</param>
    public static string Write(IEnumerable<int> numbers)
    {
        List<(int First, int Last)> ranges = [];
        foreach (var n in numbers)
            if (ranges.Count > 0 && ranges[^1].Last == n - 1) ranges[^1] = (ranges[^1].First, n);
            else ranges.Add((n, n));
        return string.Join(',', ranges.Select(r => r.First == r.Last ? $"{r.First}" : $"{r.First}-{r.Last}"));
    }
}
