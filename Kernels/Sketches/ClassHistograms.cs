using System.Buffers;
using OnnxEdit.Kernels.Moments;

namespace OnnxEdit.Kernels.Sketches;

/// <summary>
/// Histograms per class and channel of one scalar feature, with equal bins on the pilot's range and one bin
/// below and above it. The Kolmogorov-Smirnov distance at bin edges is the difference of the two
/// distributions on half-lines, hence a lower bound on their total variation whatever the bins are.
/// </summary>
sealed class ClassHistograms
{
    /// <summary>Bins inside the pilot range unless told otherwise.</summary>
    public const int DefaultBins = 256;

    const int ChannelBlock = 16;

    readonly int[] _counts;
    readonly long[] _images;
    int[]? _all;

    /// <summary>Empty histograms.</summary>
    /// <param name="classes">K.</param>
    /// <param name="scale">Pilot ranges of the C channels.</param>
    /// <param name="bins">B, bins inside the range.</param>
    public ClassHistograms(int classes, FeatureScale scale, int bins = DefaultBins)
        : this(classes, scale, bins, new int[Size(classes, scale, bins)])
    {
    }

    /// <summary>Restores histograms from the array <see cref="Counts"/>, which is taken over.</summary>
    /// <exception cref="OnnxKernelException">The array's length does not fit.</exception>
    public ClassHistograms(int classes, FeatureScale scale, int bins, int[] counts)
    {
        ArgumentNullException.ThrowIfNull(scale);
        ArgumentNullException.ThrowIfNull(counts);
        if (counts.Length != Size(classes, scale, bins))
            throw new OnnxKernelException(
                $"Histograms of {classes} classes, {scale.Channels} channels and {bins} bins need {Size(classes, scale, bins)} counts, not {counts.Length}; "
                + "the stored statistics belong to another model or are damaged.");
        (Classes, Scale, Bins, _counts) = (classes, scale, bins, counts);
        _images = new long[classes];
        for (var k = 0; k < classes; k++)
            foreach (var count in Cell(k, 0))
                _images[k] += count;
    }

    /// <summary>K.</summary>
    public int Classes { get; }

    /// <summary>C.</summary>
    public int Channels => Scale.Channels;

    /// <summary>B, bins inside the pilot range.</summary>
    public int Bins { get; }

    /// <summary>The pilot ranges.</summary>
    public FeatureScale Scale { get; }

    /// <summary>Row-major [K, C, B + 2] counts; cell 0 lies below the range, cell B + 1 above.</summary>
    public ReadOnlySpan<int> Counts => _counts;

    /// <summary>Images per class, K values.</summary>
    public ReadOnlySpan<long> Images => _images;

    /// <summary>Adds a batch; images with label -1 are left out.</summary>
    /// <param name="features">[N, C] values of the feature.</param>
    /// <param name="labels">N labels in [0, K) or -1.</param>
    /// <param name="backend">Computes the bin indices.</param>
    /// <exception cref="OnnxKernelException">A value is not finite, a label is out of range, or lengths differ.</exception>
    public void Add(ReadOnlySpan<double> features, ReadOnlySpan<int> labels, IStatisticsBackend backend)
    {
        ArgumentNullException.ThrowIfNull(backend);
        Labels.Require(labels, Classes);
        if (features.Length != (long)labels.Length * Channels)
            throw new OnnxKernelException(
                $"{labels.Length} labels and {Channels} channels need {(long)labels.Length * Channels} feature values, not {features.Length}.");
        NonFinite.Require(features, Channels);
        AddChecked(features, labels, backend);
    }

    /// <summary>As <see cref="Add"/>, for features and labels that a caller has checked already.</summary>
    internal void AddChecked(ReadOnlySpan<double> features, ReadOnlySpan<int> labels, IStatisticsBackend backend)
    {
        var rented = ArrayPool<int>.Shared.Rent(features.Length);
        var indices = rented.AsSpan(0, features.Length);
        backend.BinIndices(features, Scale, Bins, indices);
        _all = null;
        foreach (var label in labels)
            if (label >= 0)
                _images[label]++;
        // A few channels at a time: their histograms then stay in the cache while all images are counted.
        for (var first = 0; first < Channels; first += ChannelBlock)
            CountBlock(indices, labels, first, Math.Min(ChannelBlock, Channels - first));
        ArrayPool<int>.Shared.Return(rented);
    }

    /// <summary>Adds histograms over disjoint images.</summary>
    /// <exception cref="OnnxKernelException">Classes, bins or pilot ranges differ.</exception>
    public void Merge(ClassHistograms other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Classes != Classes || other.Bins != Bins || !other.Scale.Matches(Scale))
            throw new OnnxKernelException(
                "Only histograms with the same classes, bins and pilot ranges merge; collect both with one FeatureScale.");
        _all = null;
        for (var k = 0; k < Classes; k++)
            _images[k] += other._images[k];
        for (var i = 0; i < _counts.Length; i++)
            _counts[i] += other._counts[i];
    }

    /// <summary>
    /// max over bin edges of |F_class - F_rest|, in [0, 1]; NaN if the class or the rest has no images.
    /// </summary>
    public double KolmogorovSmirnov(int channel, int @class)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(channel);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(channel, Channels);
        ArgumentOutOfRangeException.ThrowIfNegative(@class);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(@class, Classes);
        double own = _images[@class], rest = -own;
        foreach (var images in _images)
            rest += images;
        if (own == 0 || rest == 0)
            return double.NaN;
        var mine = Cell(@class, channel);
        var everyone = All().AsSpan(channel * (Bins + 2), Bins + 2);
        long below = 0, restBelow = 0;
        var distance = 0.0;
        for (var bin = 0; bin <= Bins; bin++)
        {
            below += mine[bin];
            restBelow += everyone[bin] - mine[bin];
            distance = Math.Max(distance, Math.Abs(below / own - restBelow / rest));
        }
        return distance;
    }

    /// <summary>
    /// The same against the classes that are neither the class nor left out: how far a class stands from the others of a
    /// set that is without some. NaN if one side has no images.
    /// </summary>
    /// <param name="channel">The channel.</param>
    /// <param name="class">The class.</param>
    /// <param name="leftOut">Classes that do not count.</param>
    public double KolmogorovSmirnov(int channel, int @class, IReadOnlyCollection<int> leftOut)
    {
        ArgumentNullException.ThrowIfNull(leftOut);
        int[] others = [.. Enumerable.Range(0, Classes).Where(k => k != @class && !leftOut.Contains(k))];
        double own = _images[@class], rest = others.Sum(k => _images[k]);
        if (own == 0 || rest == 0)
            return double.NaN;
        long below = 0, restBelow = 0;
        var distance = 0.0;
        for (var bin = 0; bin <= Bins; bin++)
        {
            below += Cell(@class, channel)[bin];
            foreach (var k in others)
                restBelow += Cell(k, channel)[bin];
            distance = Math.Max(distance, Math.Abs(below / own - restBelow / rest));
        }
        return distance;
    }

    void CountBlock(ReadOnlySpan<int> indices, ReadOnlySpan<int> labels, int first, int channels)
    {
        var cells = Bins + 2;
        for (var image = 0; image < labels.Length; image++)
        {
            if (labels[image] < 0)
                continue;
            var histograms = _counts.AsSpan((labels[image] * Channels + first) * cells, channels * cells);
            var bins = indices.Slice(image * Channels + first, channels);
            for (var c = 0; c < bins.Length; c++)
                histograms[c * cells + bins[c]]++;
        }
    }

    ReadOnlySpan<int> Cell(int @class, int channel) =>
        _counts.AsSpan((@class * Channels + channel) * (Bins + 2), Bins + 2);

    int[] All()
    {
        if (_all is { } known)
            return known;
        var total = new int[Channels * (Bins + 2)];
        for (var k = 0; k < Classes; k++)
            for (var i = 0; i < total.Length; i++)
                total[i] += _counts[k * total.Length + i];
        return _all = total;
    }

    static int Size(int classes, FeatureScale scale, int bins)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(classes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bins);
        ArgumentNullException.ThrowIfNull(scale);
        var size = (long)classes * scale.Channels * (bins + 2);
        if (size > Array.MaxLength)
            throw new OnnxKernelException(
                $"Histograms of {classes} classes, {scale.Channels} channels and {bins} bins are too large; use fewer bins or group the classes.");
        return (int)size;
    }
}
