namespace OnnxEdit.Engine.Slimming.Metrics;

/// <summary>Percentage points of validation accuracy that may be lost; the smallest such model is sought, by bisection on the parameters.</summary>
static class AccuracyMetric
{
    /// <summary>Trials of a search.</summary>
    const int Steps = 6;

    /// <summary>Its row; it is asked for with an option of its own.</summary>
    public static MetricRow Row { get; } = new("max-drop")
    {
        NeedsAccuracy = true,
        Say = value => FormattableString.Invariant($"at most {value} points lost"),
        Search = Search,
    };

    static bool[] Search(BudgetSearch search, double points)
    {
        bool[] best = new bool[search.Analysis.CellCount];
        var (low, high) = (0.0, 0.95);
        for (var step = 0; step < Steps; step++)
        {
            search.Progress?.Report(new WorkProgress("searching", step, Steps));
            var sparsity = (low + high) / 2;
            var (removed, reached, _) = search.Allocation.Choose(g => g.Parameters, c => c.Parameters <= (1 - sparsity) * c.TotalParameters);
            if (reached && search.Drop(removed) <= points) (best, low) = (removed, sparsity);
            else high = sparsity;
        }
        search.Progress?.Report(new WorkProgress("searching", Steps, Steps));
        return best;
    }
}
