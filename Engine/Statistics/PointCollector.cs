using OnnxEdit.Kernels;
using OnnxEdit.Kernels.Moments;
using OnnxEdit.Kernels.Witness;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Statistics;

/// <summary>Accumulates the statistics of one point batch by batch.</summary>
sealed class PointCollector
{
    readonly MeasurementPoint _point;
    readonly StatisticsOptions _options;
    readonly ActivationArrangement _arrangement;
    readonly LayerStatistics _layer;
    readonly Func<int, ClassMeanMaps>? _openMaps;
    readonly double[] _independence;
    ClassMeanMaps? _maps;
    int _independent;

    /// <summary>Starts empty.</summary>
    public PointCollector(MeasurementPoint point, int classes, StatisticsRoom room, StatisticsOptions options, IStatisticsBackend backend)
    {
        (_point, _options) = (point, options);
        var channels = point.Channels.Ids.Length;
        _arrangement = new ActivationArrangement(point.Channels.Axis);
        _layer = KernelBorder.Cross(ErrorKind.Model, Refusal, () => new LayerStatistics(channels, classes, backend, room.Layer));
        _independence = new double[channels];
        // Where not even one sum per class and channel fits, the moments say what mean maps would.
        if (options.MeanMaps && room.MapSumsPerPoint >= (long)classes * channels)
            _openMaps = positions => new ClassMeanMaps(classes, channels, positions, room.MapSumsPerPoint);
    }

    /// <summary>Adds a batch.</summary>
    /// <param name="values">Activations, row-major.</param>
    /// <param name="shape">Dimensions, the batch first.</param>
    /// <param name="labels">Class of each image, or -1; images beyond them are fill and left out.</param>
    /// <exception cref="OnnxEngineException">Activations are not finite.</exception>
    public void Add(ReadOnlySpan<float> values, long[] shape, ReadOnlySpan<int> labels)
    {
        try
        {
            var activations = _arrangement.Arrange(values[..(int)(values.Length / shape[0] * labels.Length)], [labels.Length, .. shape.Skip(1)], out var layout);
            _layer.Add(activations, layout, labels);
            if (_openMaps is not null) (_maps ??= _openMaps(layout.Positions)).Add(activations, layout, labels);
            AddIndependence(activations, layout);
        }
        catch (OnnxKernelException e)
        {
            throw KernelBorder.Refused(ErrorKind.Model, Refusal, e);
        }
    }

    string Refusal => $"The activations at '{_point.Id}' cannot be measured";

    // Images side by side, summed in their order.
    void AddIndependence(ReadOnlySpan<float> activations, ActivationShape layout)
    {
        var maps = new float[Math.Min(layout.Images, _options.IndependenceImages - _independent)][];
        for (var n = 0; n < maps.Length; n++) maps[n] = ActivationArrangement.Maps(activations, layout, n).ToArray();
        var found = new double[maps.Length][];
        var threads = ExecutionOptions.Current.Threads;
        ThreadedLoop.For(0, maps.Length, n => found[n] = ChannelIndependence.Compute(maps[n], layout.Channels, threads));
        foreach (var own in found)
            for (var c = 0; c < own.Length; c++) _independence[c] += own[c];
        _independent += maps.Length;
    }

    /// <summary>The statistics of all images added.</summary>
    /// <exception cref="OnnxEngineException">There were none.</exception>
    public PointStatistics Complete()
    {
        var features = KernelBorder.Cross(ErrorKind.Data, Refusal, () =>
        {
            _layer.Complete();
            return _layer.Features;
        });
        return new PointStatistics(
            _point.Id, _point.Tensor, features,
            _independent > 0 ? [.. _independence.Select(sum => sum / _independent)] : null,
            _maps?.Distances());
    }
}
