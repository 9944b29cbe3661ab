using System.Numerics.Tensors;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Kernels.Moments;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Statistics;

/// <summary>
/// Runs the model once over the images with every point exposed, and accumulates class statistics as batches go by.
/// </summary>
sealed class ActivationPass : IDisposable
{
    readonly GraphIndex _index;
    readonly ItemSet _images;
    readonly IStatisticsBackend _backend;
    readonly IReadOnlyList<MeasurementPoint> _points;
    readonly BatchRunner? _runner;
    readonly int _batch;
    readonly bool _isFixed;
    readonly int[] _pointOf;
    readonly PointCollector[] _collectors;
    readonly int[] _classCounts;

    /// <summary>Prepares the run.</summary>
    /// <param name="model">The model to run.</param>
    /// <param name="signature">Which tensor holds the logits.</param>
    /// <param name="points">Where to measure.</param>
    /// <param name="images">The images.</param>
    /// <param name="options">What to measure.</param>
    /// <exception cref="OnnxEngineException">A label has no output.</exception>
    public ActivationPass(NormalisedModel model, ClassifierSignature signature, IReadOnlyList<MeasurementPoint> points, ItemSet images, StatisticsOptions options)
    {
        (_index, _images, _points) = (model.Index, images, points);
        ItemInputs.Require(signature.InputNames, images);
        Labels = images.IsLabelled ? LabelSource.Data : LabelSource.Predictions;
        var classes = signature.Classes ?? (int)model.Trace.Shape(signature.LogitsName).Skip(1).Aggregate(1L, (a, b) => a * b);
        _classCounts = new int[classes];
        ImageLabels = new int[images.Count];
        RequireLabels(images, classes);
        // Predictions first: the points of a batch need to know its classes.
        string[] logits = Labels == LabelSource.Predictions ? [signature.LogitsName] : [];
        string[] tensors = [.. logits.Concat(points.Select(p => p.Tensor)).Distinct()];
        _pointOf = [.. tensors.Select(t => points.Select(p => p.Tensor).ToList().IndexOf(t))];
        var room = new StatisticsRoom(model, points, classes);
        _isFixed = !model.Trace.HasDynamicBatch;
        _batch = _isFixed ? model.Trace.Batch : room.Batch(options.Batch);
        _backend = ExecutionOptions.Current.Device == ExecutionDevice.Cuda ? IlgpuBackend.OnCuda() : new SimdBackend(ExecutionOptions.Current.Threads);
        try
        {
            if (tensors.Length > 0) _runner = new BatchRunner(ExposedModel.Of(model, tensors));
            _collectors = [.. points.Select(p => new PointCollector(p, classes, room, options, _backend))];
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Where the classes come from.</summary>
    public LabelSource Labels { get; }

    /// <summary>Images per class, once run.</summary>
    public IReadOnlyList<int> ClassCounts => _classCounts;

    /// <summary>Class of each image, or -1, once run.</summary>
    public int[] ImageLabels { get; }

    /// <summary>Runs all images.</summary>
    /// <returns>Statistics by tensor, in graph order.</returns>
    public IReadOnlyDictionary<string, PointStatistics> Run(IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        var buffer = new float[_batch * _images.ItemLength];
        for (var first = 0; first < _images.Count; first += _batch)
        {
            cancellation.ThrowIfCancellationRequested();
            progress?.Report(new WorkProgress("measuring activations", first, _images.Count));
            var labels = new int[Math.Min(_batch, _images.Count - first)];
            for (var i = 0; i < labels.Length; i++) labels[i] = _images.Label(first + i);
            if (_runner is not null) RunBatch(_runner, first, labels, buffer);
            labels.CopyTo(ImageLabels, first);
            foreach (var label in labels)
                if (label >= 0) _classCounts[label]++;
        }
        progress?.Report(new WorkProgress("measuring activations", _images.Count, _images.Count));
        var found = new OrderedDictionary<string, PointStatistics>();
        for (var p = 0; p < _points.Count; p++) found[_points[p].Tensor] = _collectors[p].Complete();
        return found;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _runner?.Dispose();
        _backend.Dispose();
    }

    // Replaces the labels by predictions where the data has none.
    void RunBatch(BatchRunner runner, int first, int[] labels, float[] buffer)
    {
        var length = _images.ItemLength;
        _images.Fill(first, labels.Length, buffer);
        // A fixed batch is filled up with its last image, whose copies are not counted.
        var rows = _isFixed ? _batch : labels.Length;
        for (var r = labels.Length; r < rows; r++) buffer.AsSpan((labels.Length - 1) * length, length).CopyTo(buffer.AsSpan(r * length));
        runner.Run(ItemInputs.Split(_index, runner, _images, buffer, rows), (o, values, shape) =>
        {
            if (o == 0 && Labels == LabelSource.Predictions) Predict(values, rows, labels);
            if (_pointOf[o] >= 0) _collectors[_pointOf[o]].Add(values, shape, labels);
        });
    }

    static void Predict(ReadOnlySpan<float> logits, int rows, int[] labels)
    {
        var classes = logits.Length / rows;
        for (var i = 0; i < labels.Length; i++)
            labels[i] = TensorPrimitives.IndexOfMax(logits.Slice(i * classes, classes));
    }

    static void RequireLabels(ItemSet images, int classes)
    {
        for (var i = 0; i < images.Count; i++)
            if (images.Label(i) >= classes)
                throw new OnnxEngineException(ErrorKind.Data, $"The data holds label {images.Label(i)} but the model has {classes} outputs; map labels to outputs with DataOptions.LabelMap, e.g. DataOptions.LabelMap = 3=0,5=1.");
    }
}
