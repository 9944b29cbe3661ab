using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Linear;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Statistics;

/// <summary>Collects <see cref="CalibrationStatistics"/>: class statistics first, then Gram sums layer by layer.</summary>
sealed class StatisticsCollector(
    OnnxModel model, ChannelAnalysis analysis, ItemSet images, StatisticsOptions options,
    IProgress<WorkProgress>? progress, CancellationToken cancellation)
{
    readonly List<SkippedStatistics> _skipped = [];

    /// <summary>Does the work.</summary>
    public CalibrationStatistics Run()
    {
        if (images.Count == 0)
            throw new OnnxEngineException(ErrorKind.Data, "The data holds no items to measure; give some for calibration.");
        var signature = ClassifierSignature.Of(analysis.Model.Proto, options.Output);
        using var pass = new ActivationPass(analysis.Model, signature, Points(), images, options);
        var points = pass.Run(progress, cancellation);
        var units = options.Grams ? CollectGrams() : [];
        var features = options.ClassSums ? CollectFeatures(signature.LogitsName, pass.ImageLabels) : null;
        return new CalibrationStatistics(points, units)
        {
            ModelSha256 = model.Sha256,
            Images = images.Count,
            ClassCounts = pass.ClassCounts,
            ClassNames = options.ClassNames,
            Labels = pass.Labels,
            Skipped = _skipped,
            Features = features,
        };
    }

    List<MeasurementPoint> Points()
    {
        List<MeasurementPoint> points = [];
        if (!options.Activations) return points;
        foreach (var point in MeasurementPoint.All(analysis))
            if (analysis.Model.Trace.BatchAxis(point.Tensor) > 0 || point.Channels.Axis == 0)
                _skipped.Add(new SkippedStatistics(point.Id, "items are not along the first axis of its output"));
            else points.Add(point);
        return points;
    }

    List<PackedGrams> CollectGrams()
    {
        var names = new NodeNames(analysis.Model.Proto.Graph);
        var targets = UnitTarget.All(analysis.Model.Proto, analysis.Model.Trace).ToDictionary(t => t.Unit.Node);
        // Numbered as elimination curves number them, which fixes the positions drawn.
        var consumers = analysis.Consumers.Where(IsRead).ToList();
        List<PackedGrams> units = [];
        CalibrationGrams? grams = null;
        try
        {
            for (var i = 0; i < consumers.Count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                progress?.Report(new WorkProgress("summing Gram matrices", i, consumers.Count));
                var name = names.Of(consumers[i].Node);
                if (units.Exists(u => u.Node == name)) continue;
                if (Obstacle(targets.GetValueOrDefault(consumers[i].Node)) is { } reason)
                    _skipped.Add(new SkippedStatistics(name, reason));
                else
                    units.Add(PackedGrams.Of(name, (grams ??= Open()).Of(targets[consumers[i].Node], i)));
            }
        }
        finally
        {
            grams?.Dispose();
        }
        progress?.Report(new WorkProgress("summing Gram matrices", consumers.Count, consumers.Count));
        return units;
    }

    // A model whose features cannot be edited needs none.
    FeatureSums? CollectFeatures(string logits, int[] labels)
    {
        if (FeatureStage.Find(analysis.Model, logits, out var why) is not { } stage)
        {
            _skipped.Add(new SkippedStatistics(logits, $"{why}, so unlearn cannot re-fit it from this file"));
            return null;
        }
        var collector = new FeatureSumsCollector(analysis.Model, stage, options, cancellation);
        if (collector.Obstacle() is not { } reason) return collector.Collect(images, labels, progress);
        var name = new NodeNames(analysis.Model.Proto.Graph).Of(stage.Last.Unit.Node);
        if (!_skipped.Exists(s => s.Node == name)) _skipped.Add(new SkippedStatistics(name, reason));
        return null;
    }

    bool IsRead(ConsumerSlice consumer) => analysis.Groups.Any(g =>
        g.Consumers.Contains(consumer.Node) && g.Cells.Any(c => analysis.LockOf(c) is null));

    // Half a sentence why a unit gets no sums, or null.
    string? Obstacle(UnitTarget? target)
    {
        if (target is null) return "its weights are not constants of its own";
        var trace = analysis.Model.Trace;
        string[] tensors = [target.Unit.Input, target.Tensor];
        if (tensors.FirstOrDefault(t => trace.ElementType(t) != TensorElementType.Float) is { } other)
            return $"'{other}' is {trace.ElementType(other)}, and sums are formed of Float";
        if (!trace.HasDynamicBatch && images.Count < trace.Batch) return $"the model's batch of {trace.Batch} is larger than the number of items";
        var rows = PatchGraph.Of(target.Unit, analysis.Model).Rows;
        return rows > options.LargestGram ? $"its patches have {rows} rows, more than {options.LargestGram}" : null;
    }

    CalibrationGrams Open() => new(analysis.Model, images, options.Batch, options.PositionsPerImage, options.Seed, cancellation);
}
