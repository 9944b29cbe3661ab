using OnnxEdit.Kernels.Moments;
using OnnxEdit.Surgery.Graph;

namespace OnnxEdit.Engine.Statistics;

/// <summary>How much is kept per point, so that models with many channels and classes do not fill the memory.</summary>
sealed class StatisticsRoom
{
    // Bytes for histograms and power sums together; floats of activations in flight; sums of mean maps.
    const long SumBytes = 512L << 20;
    const long ActivationFloats = 32L << 20;
    const long MapSums = 16L << 20;

    readonly int _points;
    readonly long _floatsPerImage;

    /// <summary>Shares the room out.</summary>
    /// <param name="model">The model.</param>
    /// <param name="points">Where it is measured.</param>
    /// <param name="classes">Number of classes.</param>
    public StatisticsRoom(NormalisedModel model, IReadOnlyList<MeasurementPoint> points, int classes)
    {
        _points = points.Count;
        _floatsPerImage = points.Sum(p => model.Trace.Shape(p.Tensor).Aggregate(1L, (a, b) => a * b)) / model.Trace.Batch;
        Layer = Choose((long)classes * points.Sum(p => (long)p.Channels.Ids.Length));
    }

    /// <summary>Which pooled features and how many bins every point keeps.</summary>
    public LayerStatisticsOptions Layer { get; }

    /// <summary>Sums that the mean maps of one point may take.</summary>
    public long MapSumsPerPoint => MapSums / Math.Max(1, _points);

    /// <summary>Images per run, at most <paramref name="wanted"/>.</summary>
    public int Batch(int wanted) => (int)Math.Clamp(ActivationFloats / Math.Max(1, _floatsPerImage), 1, wanted);

    // Everything, else the mean only, else coarser histograms of it, else none.
    static LayerStatisticsOptions Choose(long classChannels)
    {
        var all = new LayerStatisticsOptions();
        if (Bytes(all) <= SumBytes) return all;
        var one = all with { Features = [PooledFeature.Mean] };
        foreach (var bins in new[] { 256, 64, 16 })
            if (Bytes(one with { Bins = bins }) <= SumBytes) return one with { Bins = bins };
        return one with { Bins = 0 };

        long Bytes(LayerStatisticsOptions o) => classChannels * o.Features.Count * ((o.Bins > 0 ? 4 * (o.Bins + 2) : 0) + 8 * ClassMoments.Powers);
    }
}
