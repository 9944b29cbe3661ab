using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Rewrites;

namespace OnnxEdit.Engine.Slimming.Metrics;

/// <summary>Measured median latency at batch 1.</summary>
static class LatencyMetrics
{
    /// <summary>As a fraction of the original's.</summary>
    public static MetricRow Ratio { get; } = new("ms")
    {
        Target = ("ms=", "0.7", ""),
        IsFraction = true,
        Say = value => FormattableString.Invariant($"{value:0.###} of the latency"),
        Search = (search, value) => Search(search, value, isRatio: true),
    };

    /// <summary>In milliseconds.</summary>
    public static MetricRow Milliseconds { get; } = new("milliseconds")
    {
        Target = ("ms=", "12", "ms"),
        Say = value => FormattableString.Invariant($"at most {value} ms"),
        Search = (search, value) => Search(search, value, isRatio: false),
    };

    static bool[] Search(BudgetSearch search, double wanted, bool isRatio)
    {
        var timing = new LatencyOptions { BatchSizes = [1], MinimumSeconds = 0.3, Precision = 0.01, InputShapes = search.Options.InputShapes };
        var full = isRatio ? 1 : LatencyComparison.Measure(search.Source, null, timing, null, search.Cancellation)[0].First.Median;
        var latency = new LatencySearch(wanted, full, Leaving, Time);
        var found = latency.Run(step => search.Progress?.Report(new WorkProgress("timing candidates", step, LatencySearch.Steps)));
        search.Progress?.Report(new WorkProgress("timing candidates", LatencySearch.Steps, LatencySearch.Steps));
        if (found is not null) return found;
        var (fastest, asked) = isRatio
            ? (FormattableString.Invariant($"{latency.Fastest:0.00} of the original's time"), FormattableString.Invariant($"{wanted:0.00}"))
            : (FormattableString.Invariant($"{latency.Fastest:0.###} ms"), FormattableString.Invariant($"{wanted:0.###} ms"));
        throw new OnnxEngineException(ErrorKind.TargetNotReached,
            $"The fastest model found takes {fastest} at batch 1 (asked for: {asked}); ask for less. docs/channels.md says what is locked.");

        (bool[] Removed, double Macs) Leaving(double macs)
        {
            var (removed, _, cost) = search.Allocation.Choose(g => g.Macs, c => c.Macs <= macs * c.TotalMacs);
            return (removed, cost.Macs / cost.TotalMacs);
        }

        // Relative to the original, or in milliseconds, as the budget counts.
        double Time(bool[] removed)
        {
            var timed = LatencyComparison.Measure(search.Source, ChannelRemoval.Apply(search.Analysis, removed), timing, null, search.Cancellation)[0];
            return isRatio ? 1 / timed.SpeedUp!.Value.Median : timed.Second!.Value.Median;
        }
    }
}
