using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;

namespace OnnxEdit.Engine.Slimming;

/// <summary>Finds the plan that meets a budget with the least damage.</summary>
sealed class BudgetSearch(
    Allocation allocation, ChannelAnalysis analysis, ModelProto source, SlimOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
{
    /// <summary>Trials of an accuracy search.</summary>
    const int AccuracySteps = 6;

    readonly SlimBudget _budget = options.Budget;

    /// <summary>Meets a budget on counts or latency.</summary>
    /// <exception cref="OnnxEngineException">It cannot be met; the message says how far one can go.</exception>
    public bool[] Run() => _budget.Metric switch
    {
        BudgetMetric.Parameters => Counted(_budget.Value, c => c.Parameters / c.TotalParameters, g => g.Parameters, "parameters"),
        BudgetMetric.Macs => Counted(_budget.Value, c => c.Macs / c.TotalMacs, g => g.Macs, "MACs"),
        BudgetMetric.Bytes => Counted(_budget.Value, c => c.Bytes / c.TotalBytes, g => g.Bytes, "bytes"),
        _ => ByLatency(),
    };

    /// <summary>Finds the smallest model whose accuracy drop, in points, stays within the budget, by bisection on the parameters.</summary>
    public bool[] ByAccuracy(Func<bool[], double> drop)
    {
        bool[] best = new bool[analysis.CellCount];
        var (low, high) = (0.0, 0.95);
        for (var step = 0; step < AccuracySteps; step++)
        {
            progress?.Report(new WorkProgress("searching", step, AccuracySteps));
            var sparsity = (low + high) / 2;
            var (removed, reached, _) = allocation.Choose(g => g.Parameters, c => c.Parameters <= (1 - sparsity) * c.TotalParameters);
            if (reached && drop(removed) <= _budget.Value) (best, low) = (removed, sparsity);
            else high = sparsity;
        }
        progress?.Report(new WorkProgress("searching", AccuracySteps, AccuracySteps));
        return best;
    }

    bool[] Counted(double left, Func<RemovalCost, double> share, Func<(double Parameters, double Macs, double Bytes), double> saved, string what)
    {
        // A hair of slack, so that rounding in the running sums does not cost a channel.
        var (removed, reached, cost) = allocation.Choose(saved, c => share(c) <= left + 1e-9);
        if (!reached)
            throw new OnnxEngineException(ErrorKind.TargetNotReached, FormattableString.Invariant(
                $"At most {100 * (1 - share(cost)):0.0} % of the {what} can be removed (asked for: {100 * (1 - left):0.0} %); ask for less, or use --align 1. 'onnxedit explain' says what is locked."));
        return removed;
    }

    bool[] ByLatency()
    {
        var isRatio = _budget.Metric == BudgetMetric.Latency;
        var full = isRatio ? 1 : LatencyComparison.Measure(source, null, Timing, null, cancellation)[0].First.Median;
        var search = new LatencySearch(_budget.Value, full, Leaving, Time);
        var found = search.Run(step => progress?.Report(new WorkProgress("timing candidates", step, LatencySearch.Steps)));
        progress?.Report(new WorkProgress("timing candidates", LatencySearch.Steps, LatencySearch.Steps));
        if (found is not null) return found;
        var (fastest, asked) = isRatio
            ? (FormattableString.Invariant($"{search.Fastest:0.00} of the original's time"), FormattableString.Invariant($"{_budget.Value:0.00}"))
            : (FormattableString.Invariant($"{search.Fastest:0.###} ms"), FormattableString.Invariant($"{_budget.Value:0.###} ms"));
        throw new OnnxEngineException(ErrorKind.TargetNotReached,
            $"The fastest model found takes {fastest} at batch 1 (asked for: {asked}); ask for less. 'onnxedit explain' says what is locked.");

        (bool[] Removed, double Macs) Leaving(double macs)
        {
            var (removed, _, cost) = allocation.Choose(g => g.Macs, c => c.Macs <= macs * c.TotalMacs);
            return (removed, cost.Macs / cost.TotalMacs);
        }

        // Relative to the original, or in milliseconds, as the budget counts.
        double Time(bool[] removed)
        {
            var timed = LatencyComparison.Measure(source, ChannelRemoval.Apply(analysis, removed), Timing, null, cancellation)[0];
            return isRatio ? 1 / timed.SpeedUp!.Value.Median : timed.Second!.Value.Median;
        }
    }

    LatencyOptions Timing => new() { BatchSizes = [1], MinimumSeconds = 1, InputShapes = options.InputShapes };
}
