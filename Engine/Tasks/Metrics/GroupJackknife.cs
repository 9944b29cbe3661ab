namespace OnnxEdit.Engine.Tasks.Metrics;

/// <summary>
/// The spread of a figure that is no mean over items: items are dealt out to groups, and each group's pseudo-value says what the figure
/// would be if all were like it (delete-a-group jackknife).
/// </summary>
static class GroupJackknife
{
    const int Most = 50;

    /// <summary>Number of groups for so many items.</summary>
    public static int Groups(int items) => Math.Clamp(items, 1, Most);

    /// <summary>The group of an item, the same for any two models.</summary>
    public static int Of(int item, int items) => item % Groups(items);

    /// <summary>The pseudo-value of each group, whose mean is about the figure; null for fewer than two.</summary>
    /// <param name="whole">The figure on all items.</param>
    /// <param name="without">The figure without each group.</param>
    public static IReadOnlyList<double>? PseudoValues(double whole, IReadOnlyList<double> without) =>
        without.Count < 2 ? null : [.. without.Select(rest => without.Count * whole - (without.Count - 1) * rest)];
}
