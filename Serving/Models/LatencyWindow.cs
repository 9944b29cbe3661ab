using OnnxEdit.Engine.Tasks;

namespace OnnxEdit.Serving;

/// <summary>The latest times of one version, for the percentiles on the page. Not safe for threads: its owner locks.</summary>
sealed class LatencyWindow
{
    /// <summary>Times that are kept.</summary>
    internal const int Length = 1024;

    readonly double[] _milliseconds = new double[Length];
    long _count;

    internal void Add(double milliseconds) => _milliseconds[_count++ % _milliseconds.Length] = milliseconds;

    /// <summary>A quantile (<see cref="Quantile"/>) of the latest <see cref="Length"/> times in milliseconds; 0 when there are none.</summary>
    internal double At(double fraction)
    {
        if (_count == 0) return 0;
        var sorted = _milliseconds[..(int)Math.Min(_count, Length)];
        Array.Sort(sorted);
        return Quantile.Of(sorted, fraction);
    }
}
