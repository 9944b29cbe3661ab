namespace OnnxEdit.Serving;

/// <summary>The latest times of one version, for the percentiles on the page. Not safe for threads: its owner locks.</summary>
sealed class LatencyWindow
{
    readonly double[] _milliseconds = new double[1024];
    int _count;

    internal void Add(double milliseconds) => _milliseconds[_count++ % _milliseconds.Length] = milliseconds;

    /// <summary>A percentile of the latest 1024 times in milliseconds; 0 when there are none.</summary>
    internal double Percentile(double fraction)
    {
        var sorted = _milliseconds[..Math.Min(_count, _milliseconds.Length)];
        if (sorted.Length == 0) return 0;
        Array.Sort(sorted);
        return sorted[(int)Math.Min(sorted.Length - 1, Math.Ceiling(fraction * sorted.Length))];
    }
}
