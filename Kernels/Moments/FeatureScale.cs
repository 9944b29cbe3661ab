namespace OnnxEdit.Kernels.Moments;

/// <summary>
/// Constants per channel, fixed on a pilot of a few hundred images before anything is accumulated:
/// x = (feature - Shift) / Scale standardises the feature so that x and x^2 have comparable size, and
/// [Low, High] is the range of the histograms. Bounds on total variation do not depend on them, only
/// resolution and rounding do.
/// </summary>
sealed class FeatureScale
{
    // Far below the least float32, far above where reciprocals overflow.
    const double Smallest = 1e-60;

    /// <summary>Takes over plain arrays, one value per channel.</summary>
    /// <exception cref="OnnxKernelException">Lengths differ, or a scale or range is not positive and finite.</exception>
    public FeatureScale(double[] shift, double[] scale, double[] low, double[] high)
    {
        ArgumentNullException.ThrowIfNull(shift);
        ArgumentNullException.ThrowIfNull(scale);
        ArgumentNullException.ThrowIfNull(low);
        ArgumentNullException.ThrowIfNull(high);
        if (shift.Length == 0 || scale.Length != shift.Length || low.Length != shift.Length || high.Length != shift.Length)
            throw new OnnxKernelException(
                $"Pilot constants have lengths {shift.Length}, {scale.Length}, {low.Length}, {high.Length}; each needs one value per channel.");
        for (var c = 0; c < shift.Length; c++)
            if (!double.IsFinite(shift[c]) || !(scale[c] >= Smallest) || !double.IsFinite(scale[c]) || !(high[c] - low[c] >= Smallest)
                || !double.IsFinite(high[c] - low[c]))
                throw new OnnxKernelException(
                    FormattableString.Invariant($"Pilot constants of channel {c} are unusable (shift {shift[c]}, scale {scale[c]}, range [{low[c]}, {high[c]}]); collect the statistics again."));
        (Shift, Scale, Low, High) = (shift, scale, low, high);
    }

    /// <summary>C.</summary>
    public int Channels => Shift.Length;

    /// <summary>a, in units of the feature.</summary>
    public double[] Shift { get; }

    /// <summary>b &gt; 0, in units of the feature.</summary>
    public double[] Scale { get; }

    /// <summary>Lower ends of the histogram ranges, in units of the feature.</summary>
    public double[] Low { get; }

    /// <summary>Upper ends of the histogram ranges, in units of the feature.</summary>
    public double[] High { get; }

    /// <summary>x = feature, and histograms on [0, 1].</summary>
    public static FeatureScale Identity(int channels)
    {
        double[] zeros = new double[channels], ones = new double[channels];
        Array.Fill(ones, 1);
        return new FeatureScale(zeros, ones, [.. zeros], [.. ones]);
    }

    /// <summary>
    /// Shift and scale are mean and standard deviation of the pilot; the range is the pilot's, widened by a
    /// sixteenth on either side.
    /// </summary>
    /// <param name="features">[images, channels] values of one pooled feature.</param>
    /// <param name="channels">C.</param>
    /// <exception cref="OnnxKernelException">The pilot is empty or not finite.</exception>
    public static FeatureScale FromPilot(ReadOnlySpan<double> features, int channels)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(channels);
        if (features.IsEmpty || features.Length % channels != 0)
            throw new OnnxKernelException(
                $"The pilot holds {features.Length} values for {channels} channels; give at least one image and whole rows.");
        NonFinite.Require(features, channels);
        double[] shift = new double[channels], scale = new double[channels];
        double[] low = new double[channels], high = new double[channels];
        for (var c = 0; c < channels; c++)
            Fit(features, channels, c, out shift[c], out scale[c], out low[c], out high[c]);
        return new FeatureScale(shift, scale, low, high);
    }

    /// <summary>Whether two accumulators that use these constants may be merged.</summary>
    public bool Matches(FeatureScale other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return ReferenceEquals(this, other)
            || (Shift.AsSpan().SequenceEqual(other.Shift) && Scale.AsSpan().SequenceEqual(other.Scale)
                && Low.AsSpan().SequenceEqual(other.Low) && High.AsSpan().SequenceEqual(other.High));
    }

    /// <summary>Bins per unit of the feature, one value per channel.</summary>
    internal double[] BinsPerUnit(int bins)
    {
        var perUnit = new double[Channels];
        for (var c = 0; c < perUnit.Length; c++)
            perUnit[c] = bins / (High[c] - Low[c]);
        return perUnit;
    }

    internal void RequireRows(int featureCount)
    {
        if (featureCount % Channels != 0)
            throw new OnnxKernelException(
                $"{featureCount} feature values are not whole rows of {Channels} channels; pass [images, channels].");
    }

    static void Fit(
        ReadOnlySpan<double> features, int channels, int channel,
        out double shift, out double scale, out double low, out double high)
    {
        double sum = 0, squares = 0;
        low = double.PositiveInfinity;
        high = double.NegativeInfinity;
        for (var i = channel; i < features.Length; i += channels)
        {
            sum += features[i];
            low = Math.Min(low, features[i]);
            high = Math.Max(high, features[i]);
        }
        var images = features.Length / channels;
        shift = sum / images;
        for (var i = channel; i < features.Length; i += channels)
            squares += (features[i] - shift) * (features[i] - shift);
        var deviation = Math.Sqrt(squares / images);
        // Activations carry about seven digits: anything finer is rounding noise and must not be blown up.
        var magnitude = Math.Max(Math.Abs(low), Math.Abs(high));
        scale = deviation > Math.Max(Smallest, 1e-7 * magnitude) ? deviation : magnitude > Smallest ? magnitude : 1;
        var noise = Math.Max(Smallest, 1e-6 * magnitude);
        var margin = Math.Max((high - low) / 16, noise);
        low -= margin;
        high += margin;
    }
}
