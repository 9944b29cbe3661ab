using OnnxEdit.Surgery;

namespace OnnxEdit.Engine;

/// <summary>Finds the plan that meets a budget with the least damage.</summary>
sealed class BudgetSearch(
    Allocation allocation, ChannelAnalysis analysis, OnnxModel source, SlimOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
{
    /// <summary>Latency measurements of a search at most; each halves the interval.</summary>
    const int LatencySteps = 7;

    /// <summary>Trials of an accuracy search.</summary>
    const int AccuracySteps = 6;

    /// <summary>How close a measured latency ratio must come to its target.</summary>
    const double LatencyTolerance = 0.02;

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
        bool[]? best = null;
        var bestGap = double.PositiveInfinity;
        var (low, high) = (0.02, 1.0);
        var smallest = double.PositiveInfinity;
        for (var step = 0; step < LatencySteps; step++)
        {
            progress?.Report(new WorkProgress("timing candidates", step, LatencySteps));
            var macs = (low + high) / 2;
            var (removed, reached, _) = allocation.Choose(g => g.Macs, c => c.Macs <= macs * c.TotalMacs);
            var ratio = reached ? Ratio(removed) : double.PositiveInfinity;
            if (!reached)
            {
                low = macs;
                continue;
            }
            smallest = Math.Min(smallest, ratio);
            var gap = Math.Abs(ratio - _budget.Value);
            if (ratio <= _budget.Value * (1 + LatencyTolerance) && gap < bestGap) (best, bestGap) = (removed, gap);
            if (gap <= LatencyTolerance * _budget.Value) break;
            if (ratio > _budget.Value) high = macs;
            else low = macs;
        }
        progress?.Report(new WorkProgress("timing candidates", LatencySteps, LatencySteps));
        // Nothing could be cut to size, so nothing goes; the caller says so.
        if (double.IsPositiveInfinity(smallest)) return new bool[analysis.CellCount];
        var (found, asked) = _budget.Metric == BudgetMetric.Latency
            ? (FormattableString.Invariant($"{smallest:0.00} of the original's time"), FormattableString.Invariant($"{_budget.Value:0.00}"))
            : (FormattableString.Invariant($"{smallest:0.###} ms"), FormattableString.Invariant($"{_budget.Value:0.###} ms"));
        return best ?? throw new OnnxEngineException(ErrorKind.TargetNotReached,
            $"The fastest model found takes {found} at batch 1 (asked for: {asked}); ask for less. 'onnxedit explain' says what is locked.");
    }

    // Latency of a candidate: relative to the original, or in milliseconds, as the budget counts.
    double Ratio(bool[] removed)
    {
        var candidate = source.With(ChannelRemoval.Apply(analysis, removed));
        var timed = LatencyComparison.Measure(source, candidate, new LatencyOptions { BatchSizes = [1], MinimumSeconds = 1, InputShapes = options.InputShapes }, null, cancellation)[0];
        return _budget.Metric == BudgetMetric.Latency ? 1 / timed.SpeedUp!.Value.Median : timed.Second!.Value.Median;
    }
}
