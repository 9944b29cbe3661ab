using OnnxEdit.Kernels.Sketches;

namespace OnnxEdit.Kernels.Moments;

/// <summary>
/// One-pass statistics of one layer: pools each batch, fixes the pilot constants on the first images, and
/// accumulates moments and histograms per class. Memory is bounded by classes times channels, plus the pooled
/// features of the pilot.
/// </summary>
/// <example><code>
/// using var backend = new SimdBackend();
/// var layer = new LayerStatistics(channels, classes, backend);
/// foreach (var batch in batches) layer.Add(batch.Activations, batch.Shape, batch.Labels);
/// layer.Complete();
/// var scores = Discriminability.Score(layer.Features);
/// </code></example>
sealed class LayerStatistics
{
    // Feature values per batch from which features are accumulated side by side.
    const int ParallelFrom = 1 << 14;

    readonly IStatisticsBackend _backend;
    readonly LayerStatisticsOptions _options;
    readonly List<(PooledFeatures Features, int[] Labels)> _pilot = [];
    FeatureStatistics[]? _features;
    PooledFeatures? _scratch;
    int _pilotImages;

    /// <summary>Empty statistics that will fix their own pilot constants.</summary>
    /// <param name="channels">C.</param>
    /// <param name="classes">K.</param>
    /// <param name="backend">Does the sums; not disposed here.</param>
    /// <param name="options">What to collect.</param>
    public LayerStatistics(int channels, int classes, IStatisticsBackend backend, LayerStatisticsOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(channels);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(classes);
        ArgumentNullException.ThrowIfNull(backend);
        (Channels, Classes, _backend, _options) = (channels, classes, backend, options ?? new LayerStatisticsOptions());
    }

    /// <summary>Takes over statistics that were stored or collected elsewhere; more batches may be added.</summary>
    /// <param name="features">At least one feature, all of the same classes and channels.</param>
    /// <param name="backend">Does the sums; not disposed here.</param>
    /// <exception cref="OnnxKernelException">The list is empty or its shapes differ.</exception>
    public LayerStatistics(IReadOnlyList<FeatureStatistics> features, IStatisticsBackend backend)
    {
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(backend);
        if (features.Count == 0)
            throw new OnnxKernelException("Statistics need at least one pooled feature.");
        (Channels, Classes) = (features[0].Moments.Channels, features[0].Moments.Classes);
        if (features.Any(f => f.Moments.Channels != Channels || f.Moments.Classes != Classes))
            throw new OnnxKernelException("The features of one layer must have the same classes and channels; the stored statistics are damaged.");
        (_features, _backend, _options) = ([.. features], backend, new LayerStatisticsOptions());
    }

    /// <summary>C.</summary>
    public int Channels { get; }

    /// <summary>K.</summary>
    public int Classes { get; }

    /// <summary>The statistics collected so far.</summary>
    /// <exception cref="OnnxKernelException">The pilot is still open: call <see cref="Complete"/> first.</exception>
    public IReadOnlyList<FeatureStatistics> Features => _features
        ?? throw new OnnxKernelException("No statistics yet: add at least one batch and call Complete.");

    /// <summary>Adds the activations of one batch.</summary>
    /// <param name="activations">N C S floats.</param>
    /// <param name="shape">Dimensions and layout.</param>
    /// <param name="labels">N labels in [0, K), or -1.</param>
    /// <exception cref="OnnxKernelException">Activations are not finite, labels out of range, or shapes do not fit.</exception>
    public void Add(ReadOnlySpan<float> activations, ActivationShape shape, ReadOnlySpan<int> labels)
    {
        if (shape.Channels != Channels || shape.Images != labels.Length)
            throw new OnnxKernelException(
                $"Activations {shape} with {labels.Length} labels do not fit statistics of {Channels} channels; one label per image is needed.");
        Labels.Require(labels, Classes);
        var pooled = _scratch?.Images == shape.Images ? _scratch : new PooledFeatures(shape.Images, Channels);
        _backend.Pool(activations, shape, pooled);
        var kept = labels.ToArray();
        if (_features is not null)
        {
            Accumulate(pooled, kept);
            _scratch = pooled;
            return;
        }
        _pilot.Add((pooled, kept));
        _pilotImages += shape.Images;
        if (_pilotImages >= _options.PilotImages)
            Complete();
    }

    /// <summary>
    /// Closes the pilot if fewer images than planned came; called automatically once there are enough.
    /// </summary>
    /// <exception cref="OnnxKernelException">No batch was added.</exception>
    public void Complete()
    {
        if (_features is not null)
            return;
        if (_pilot.Count == 0)
            throw new OnnxKernelException("No images were added, so there are no statistics; check the data and its filter.");
        _features = [.. _options.Features.Select(Open)];
        foreach (var (features, labels) in _pilot)
            Accumulate(features, labels);
        _pilot.Clear();
    }

    /// <summary>Empty statistics with this one's pilot constants, to be filled in parallel and merged.</summary>
    public LayerStatistics Fork(IStatisticsBackend? backend = null) => new(
        [.. Features.Select(f => new FeatureStatistics(
            f.Feature, new ClassMoments(Classes, f.Moments.Scale),
            f.Histograms is { } h ? new ClassHistograms(Classes, h.Scale, h.Bins) : null))],
        backend ?? _backend);

    /// <summary>Adds statistics over disjoint images that were forked from this one or from the same origin.</summary>
    /// <exception cref="OnnxKernelException">Features or pilot constants differ.</exception>
    public void Merge(LayerStatistics other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (!Features.Select(f => (f.Feature, f.Histograms is null)).SequenceEqual(other.Features.Select(f => (f.Feature, f.Histograms is null))))
            throw new OnnxKernelException("Only statistics of the same features merge; collect both with the same options.");
        for (var i = 0; i < Features.Count; i++)
        {
            Features[i].Moments.Merge(other.Features[i].Moments);
            Features[i].Histograms?.Merge(other.Features[i].Histograms!);
        }
    }

    FeatureStatistics Open(PooledFeature feature)
    {
        var values = new double[_pilotImages * Channels];
        var filled = 0;
        foreach (var (features, _) in _pilot)
        {
            features[feature].CopyTo(values.AsSpan(filled));
            filled += features[feature].Length;
        }
        var scale = FeatureScale.FromPilot(values, Channels);
        return new FeatureStatistics(
            feature, new ClassMoments(Classes, scale),
            _options.Bins > 0 ? new ClassHistograms(Classes, scale, _options.Bins) : null);
    }

    void Accumulate(PooledFeatures pooled, int[] labels)
    {
        // Pooling has checked the activations, and features do not share any sums.
        var threads = pooled.Images * Channels < ParallelFrom ? 1 : _backend.Threads;
        Parallel.ForEach(_features!, new ParallelOptions { MaxDegreeOfParallelism = threads }, statistics =>
        {
            statistics.Moments.AddChecked(pooled[statistics.Feature], labels);
            statistics.Histograms?.AddChecked(pooled[statistics.Feature], labels, _backend);
        });
    }
}
