namespace OnnxEdit.Engine.Slimming.Metrics;

/// <summary>
/// Finds the number of MACs whose plan takes a given time. Timings are noisy, so the search interpolates between the
/// nearest candidates on either side of the target instead of bisecting, and believes a hit only when a second
/// timing, with fresh sessions, agrees.
/// </summary>
/// <param name="target">The time asked for, in the unit of <paramref name="time"/>.</param>
/// <param name="full">Time of the model as it is.</param>
/// <param name="choose">The plan that leaves at most this share of the MACs, or the smallest there is, and the share it leaves.</param>
/// <param name="time">Times a plan.</param>
sealed class LatencySearch(double target, double full, Func<double, (bool[] Removed, double Macs)> choose, Func<bool[], double> time)
{
    /// <summary>Timings at most.</summary>
    public const int Steps = 12;

    /// <summary>How close, relative to the target, the mean of a plan's timings must come.</summary>
    public const double Tolerance = 0.02;

    sealed record Candidate(bool[] Removed, double Macs)
    {
        public List<double> Times { get; } = [];

        public double Time => Times.Average();
    }

    readonly List<Candidate> _candidates = [];

    /// <summary>The plan closest to the target that is not above it by more than the tolerance; null when none is.</summary>
    /// <param name="step">Told the number of timings done.</param>
    public bool[]? Run(Action<int> step)
    {
        var next = At(target / full);
        for (var i = 0; i < Steps; i++)
        {
            step(i);
            next.Times.Add(time(next.Removed));
            if (IsHit(next) && next.Times.Count > 1) return next.Removed;
            next = IsHit(next) ? next : Next();
        }
        return _candidates.Where(c => c.Time <= target * (1 + Tolerance)).MinBy(Gap)?.Removed;
    }

    /// <summary>Time of the fastest plan timed.</summary>
    public double Fastest => _candidates.Min(c => c.Time);

    bool IsHit(Candidate c) => Gap(c) <= Tolerance * target;

    double Gap(Candidate c) => Math.Abs(c.Time - target);

    // Linear between the nearest candidates above and below; the model as it is and the empty one close the range.
    Candidate Next()
    {
        var above = _candidates.Where(c => c.Time > target).OrderBy(Gap).Select(c => (c.Macs, c.Time)).FirstOrDefault((1, Math.Max(full, 1.01 * target)));
        var below = _candidates.Where(c => c.Time <= target).OrderBy(Gap).Select(c => (c.Macs, c.Time)).FirstOrDefault((0, 0));
        return At(below.Macs + ((above.Macs - below.Macs) * (target - below.Time) / (above.Time - below.Time)));
    }

    // A plan met before is timed again rather than twice listed.
    Candidate At(double macs)
    {
        var (removed, left) = choose(Math.Clamp(macs, 0, 1));
        var known = _candidates.Find(c => c.Removed.AsSpan().SequenceEqual(removed));
        if (known is not null) return known;
        var fresh = new Candidate(removed, left);
        _candidates.Add(fresh);
        return fresh;
    }
}
