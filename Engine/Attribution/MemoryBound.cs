using OnnxEdit.Engine.Runtime;

namespace OnnxEdit.Engine.Attribution;

/// <summary>
/// Upper bounds on the memory of the steps of a run, in bytes, computed beforehand. None depends on the number of ablations.
/// With d components, n examples, batches of b, chunks of c masks, and W bytes of weights and A bytes of activations of one example:
/// sample = base + 2 W + gradients 2 W + 6 b A + ablations 4 (3 W + b A), up to four at a time, + 2 chunk, with chunk the larger of 4 c n and 20 b d;
/// merge = base + 2 sums + 2 chunk, with sums = 20 n d + 2 (4 d (d + 1) + 8 d n);
/// fit = base + sums + 80 d d + 160 n d. Data that are kept in memory as they are read come on top of sample.
/// </summary>
/// <param name="Sample">Of one task of coar sample.</param>
/// <param name="Merge">Of coar merge.</param>
/// <param name="Fit">Of coar fit.</param>
sealed record MemoryBound(long Sample, long Merge, long Fit)
{
    /// <summary>The runtimes, with nothing loaded.</summary>
    const long Base = 300L << 20;

    /// <summary>Bytes that a pass forward and backward keeps of a batch.</summary>
    internal static long Kept(long batch, long activations) => 6 * batch * activations;

    /// <summary>Computes them.</summary>
    /// <param name="work">What is to be run.</param>
    /// <param name="weights">Bytes of the model's weights.</param>
    /// <param name="activations">Bytes of all activations of one example.</param>
    public static MemoryBound Of(AttributionWork work, long weights, long activations)
    {
        var (d, n, b) = ((long)work.Components, (long)work.Examples, (long)work.Batch);
        var chunk = Math.Max(4L * Math.Min(work.Options.Chunk, Math.Max(1, work.Ablations)) * n, work.Gradients is null ? 0 : 20 * b * d);
        var sums = 20 * n * d + 2 * (4 * d * (d + 1) + 8 * d * n);
        var gradients = work.Gradients is null ? 0 : 2 * weights + Kept(b, activations);
        var ablations = (work.Ablations > 0 ? SessionLanes.Most : 1) * (3 * weights + b * activations);
        return new MemoryBound(Base + 2 * weights + gradients + ablations + 2 * chunk, Base + 2 * sums + 2 * chunk, Base + sums + 80 * d * d + 160 * n * d);
    }
}
