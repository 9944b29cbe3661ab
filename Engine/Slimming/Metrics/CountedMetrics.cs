using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Channels;

namespace OnnxEdit.Engine.Slimming.Metrics;

/// <summary>What can be counted without running the model: fractions of the original's that may be left.</summary>
static class CountedMetrics
{
    /// <summary>A plan that takes more than this share more than was asked for is refined, and where that does not help, it is said.</summary>
    const double Overshoot = 0.1;

    /// <summary>Parameters.</summary>
    public static MetricRow Parameters { get; } = Row("params", "parameters", c => (c.Parameters, c.TotalParameters), g => g.Parameters);

    /// <summary>Multiply-accumulates.</summary>
    public static MetricRow Macs { get; } = Row("macs", "MACs", c => (c.Macs, c.TotalMacs), g => g.Macs);

    /// <summary>Bytes of the file.</summary>
    public static MetricRow Bytes { get; } = Row("bytes", "bytes", c => (c.Bytes, c.TotalBytes), g => g.Bytes);

    /// <summary>The row of a count.</summary>
    /// <param name="name">The word that users type.</param>
    /// <param name="what">The same in a sentence.</param>
    /// <param name="count">What is left, and what the model had.</param>
    /// <param name="saved">What the removal of some cells saves.</param>
    public static MetricRow Row(string name, string what, Func<RemovalCost, (double Left, double Total)> count, Func<(double Parameters, double Macs, double Bytes), double> saved) => new(name)
    {
        Target = ($"{name}=", "0.6", ""),
        IsFraction = true,
        Say = value => FormattableString.Invariant($"{value:0.###} of the {what}"),
        Search = (search, left) =>
        {
            double Share(RemovalCost cost) => count(cost) is var (now, total) && total > 0 ? now / total
                : throw new OnnxEngineException(ErrorKind.TargetNotReached, $"No {what} can be counted in this model, so that no share of them can be asked for; take another one with SlimBudget.Parse (bytes=0.7).");
            // A hair of slack, so that rounding in the running sums does not cost a channel.
            var (removed, reached, cost) = search.Allocation.Choose(saved, c => Share(c) <= left + 1e-9, c => 1 - Share(c) <= (1 + Overshoot) * (1 - left));
            if (!reached)
                throw new OnnxEngineException(ErrorKind.TargetNotReached, FormattableString.Invariant(
                    $"At most {100 * (1 - Share(cost)):0.0} % of the {what} can be removed (asked for: {100 * (1 - left):0.0} %); ask for less{(search.Options.Align is > 1 ? ", or use SlimOptions.Align = 1" : "")}. docs/channels.md says what is locked."));
            if (1 - Share(cost) > (1 + Overshoot) * (1 - left))
                search.Say?.Invoke(FormattableString.Invariant($"{100 * (1 - Share(cost)):0.0} % of the {what} go where {100 * (1 - left):0.0} % were asked for: ")
                    + (search.Options.Align is > 1 ? FormattableString.Invariant($"channels go in steps that leave multiples of {search.Options.Align}; with SlimOptions.Align = 1 the plan is closer.")
                    : "the channels of some groups can only go together, and one step less does not reach the target."));
            return removed;
        },
    };
}
