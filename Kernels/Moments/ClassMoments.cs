using System.Numerics;
using System.Runtime.CompilerServices;

namespace OnnxEdit.Kernels.Moments;

/// <summary>
/// Sums per class and channel of one scalar feature, in one pass and bounded memory: the count and the power
/// sums of x, x^2, x^3, x^4 with x = (feature - shift) / scale, from which mean and covariance of
/// z = (x, x^2) follow. Moments of "all other classes" come by subtraction, so no second pass is needed.
/// Accumulators over disjoint images with equal pilot constants merge by addition.
/// </summary>
sealed class ClassMoments
{
    /// <summary>Power sums kept per class and channel.</summary>
    public const int Powers = 4;

    // A feature may be clamped without harm to any bound; this keeps fourth powers far from overflow.
    const double Clamp = 1e12;

    readonly double[] _sums;
    readonly long[] _counts;
    readonly double[] _inverse;
    double[]? _labelled;

    /// <summary>An empty accumulator.</summary>
    /// <param name="classes">K.</param>
    /// <param name="scale">Pilot constants of the C channels.</param>
    public ClassMoments(int classes, FeatureScale scale)
        : this(classes, scale, new long[classes + 1L], new double[Size(classes, scale)])
    {
    }

    /// <summary>Restores an accumulator from its plain arrays, which are taken over.</summary>
    /// <exception cref="OnnxKernelException">An array's length does not fit K and C.</exception>
    public ClassMoments(int classes, FeatureScale scale, long[] counts, double[] powerSums)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(classes);
        ArgumentNullException.ThrowIfNull(scale);
        ArgumentNullException.ThrowIfNull(counts);
        ArgumentNullException.ThrowIfNull(powerSums);
        if (counts.Length != classes + 1 || powerSums.Length != Size(classes, scale))
            throw new OnnxKernelException(
                $"Moments of {classes} classes and {scale.Channels} channels need {classes + 1} counts and {Size(classes, scale)} sums, "
                + $"not {counts.Length} and {powerSums.Length}; the stored statistics belong to another model or are damaged.");
        (Classes, Scale, _counts, _sums) = (classes, scale, counts, powerSums);
        _inverse = [.. scale.Scale.Select(b => 1 / b)];
    }

    /// <summary>K.</summary>
    public int Classes { get; }

    /// <summary>C.</summary>
    public int Channels => Scale.Channels;

    /// <summary>The pilot constants.</summary>
    public FeatureScale Scale { get; }

    /// <summary>Images per class, K + 1 values; the last counts images without a class (label -1).</summary>
    public ReadOnlySpan<long> Counts => _counts;

    /// <summary>Row-major [K + 1, 4, C]; the last class row belongs to images without a class.</summary>
    public ReadOnlySpan<double> PowerSums => _sums;

    /// <summary>Adds a batch.</summary>
    /// <param name="features">[N, C] values of the feature, unstandardised.</param>
    /// <param name="labels">N labels in [0, K), or -1 for images that belong to no class.</param>
    /// <exception cref="OnnxKernelException">A value is not finite, a label is out of range, or lengths differ.
    /// Nothing is added then.</exception>
    public void Add(ReadOnlySpan<double> features, ReadOnlySpan<int> labels)
    {
        Labels.Require(labels, Classes);
        if (features.Length != (long)labels.Length * Channels)
            throw new OnnxKernelException(
                $"{labels.Length} labels and {Channels} channels need {(long)labels.Length * Channels} feature values, not {features.Length}.");
        NonFinite.Require(features, Channels);
        AddChecked(features, labels);
    }

    /// <summary>As <see cref="Add"/>, for features and labels that a caller has checked already.</summary>
    internal void AddChecked(ReadOnlySpan<double> features, ReadOnlySpan<int> labels)
    {
        _labelled = null;
        // Images in order of class: the sums of a class then stay in registers from image to image.
        var rows = labels.Length <= 1024 ? stackalloc int[labels.Length] : new int[labels.Length];
        var images = labels.Length <= 1024 ? stackalloc int[labels.Length] : new int[labels.Length];
        for (var image = 0; image < labels.Length; image++)
            (rows[image], images[image]) = (labels[image] < 0 ? Classes : labels[image], image * Channels);
        rows.Sort(images);
        for (int from = 0, to; from < rows.Length; from = to)
        {
            var row = rows[from];
            for (to = from + 1; to < rows.Length && rows[to] == row; to++)
            {
            }
            _counts[row] += to - from;
            AddImages(features, images[from..to], _sums.AsSpan(row * Powers * Channels, Powers * Channels));
        }
    }

    /// <summary>Adds another accumulator over disjoint images.</summary>
    /// <exception cref="OnnxKernelException">Classes or pilot constants differ.</exception>
    public void Merge(ClassMoments other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Classes != Classes || !other.Scale.Matches(Scale))
            throw new OnnxKernelException(
                "Only moments with the same classes and the same pilot constants merge; collect both with one FeatureScale.");
        _labelled = null;
        for (var i = 0; i < _counts.Length; i++)
            _counts[i] += other._counts[i];
        for (var i = 0; i < _sums.Length; i++)
            _sums[i] += other._sums[i];
    }

    /// <summary>Moments of one channel over the images of one class.</summary>
    public QuadraticMoments Of(int channel, int @class)
    {
        Check(channel, @class);
        return Moments(_counts[@class], _sums, @class * Powers * Channels + channel);
    }

    /// <summary>Moments of one channel over the images of all other classes, by subtraction.</summary>
    public QuadraticMoments Complement(int channel, int @class)
    {
        Check(channel, @class);
        var all = Labelled();
        var own = @class * Powers * Channels + channel;
        var rest = LabelledCount - _counts[@class];
        return QuadraticMoments.FromPowerSums(
            rest, Difference(all, own, 0), Difference(all, own, 1), Difference(all, own, 2), Difference(all, own, 3));

        double Difference(double[] total, int start, int power) =>
            total[power * Channels + channel] - _sums[start + power * Channels];
    }

    /// <summary>Moments of one channel over every image, with or without a class.</summary>
    public QuadraticMoments Total(int channel)
    {
        Check(channel, 0);
        var all = Labelled();
        var none = Classes * Powers * Channels + channel;
        double Sum(int power) => all[power * Channels + channel] + _sums[none + power * Channels];
        return QuadraticMoments.FromPowerSums(LabelledCount + _counts[Classes], Sum(0), Sum(1), Sum(2), Sum(3));
    }

    /// <summary>Mean of the feature in its own units over the images of one class; NaN without images.</summary>
    public double MeanOf(int channel, int @class) =>
        Scale.Shift[channel] + Scale.Scale[channel] * Of(channel, @class).Mean1;

    /// <summary>Images that have a class.</summary>
    public long LabelledCount
    {
        get
        {
            var count = 0L;
            for (var k = 0; k < Classes; k++)
                count += _counts[k];
            return count;
        }
    }

    /// <summary>Adds the images of one class, given by their offsets.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void AddImages(ReadOnlySpan<double> features, ReadOnlySpan<int> offsets, Span<double> sums)
    {
        int channels = Channels, width = Vector<double>.Count, c = 0;
        ReadOnlySpan<double> shift = Scale.Shift, inverse = _inverse;
        Span<double> s1 = sums[..channels], s2 = sums.Slice(channels, channels);
        Span<double> s3 = sums.Slice(2 * channels, channels), s4 = sums.Slice(3 * channels, channels);
        Vector<double> low = new(-Clamp), high = new(Clamp);
        for (; c <= channels - width; c += width)
        {
            Vector<double> a = new(shift[c..]), b = new(inverse[c..]);
            Vector<double> t1 = default, t2 = default, t3 = default, t4 = default;
            foreach (var offset in offsets)
            {
                var x = (new Vector<double>(features[(offset + c)..]) - a) * b;
                x = Vector.MinNative(Vector.MaxNative(x, low), high);
                var square = x * x;
                t1 += x;
                t2 += square;
                t3 = Vector.FusedMultiplyAdd(square, x, t3);
                t4 = Vector.FusedMultiplyAdd(square, square, t4);
            }
            (new Vector<double>(s1[c..]) + t1).CopyTo(s1[c..]);
            (new Vector<double>(s2[c..]) + t2).CopyTo(s2[c..]);
            (new Vector<double>(s3[c..]) + t3).CopyTo(s3[c..]);
            (new Vector<double>(s4[c..]) + t4).CopyTo(s4[c..]);
        }
        for (; c < channels; c++)
            foreach (var offset in offsets)
            {
                var x = Math.Clamp((features[offset + c] - shift[c]) * inverse[c], -Clamp, Clamp);
                s1[c] += x;
                s2[c] += x * x;
                s3[c] += x * x * x;
                s4[c] += x * x * (x * x);
            }
    }

    // Sums over all classes, [4, C], kept until the next Add: a complement then costs no loop over classes.
    double[] Labelled()
    {
        if (_labelled is { } known)
            return known;
        var total = new double[Powers * Channels];
        for (var k = 0; k < Classes; k++)
            for (var i = 0; i < total.Length; i++)
                total[i] += _sums[k * total.Length + i];
        return _labelled = total;
    }

    QuadraticMoments Moments(long count, double[] sums, int start) => QuadraticMoments.FromPowerSums(
        count, sums[start], sums[start + Channels], sums[start + 2 * Channels], sums[start + 3 * Channels]);

    void Check(int channel, int @class)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(channel);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(channel, Channels);
        ArgumentOutOfRangeException.ThrowIfNegative(@class);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(@class, Classes);
    }

    static int Size(int classes, FeatureScale scale)
    {
        ArgumentNullException.ThrowIfNull(scale);
        var size = (classes + 1L) * Powers * scale.Channels;
        if (size > Array.MaxLength)
            throw new OnnxKernelException(
                $"{classes} classes and {scale.Channels} channels are too many for one accumulator; split the layer or group the classes.");
        return (int)size;
    }
}
