using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Statistics;

/// <summary>Collects <see cref="FeatureSums"/>, class after class; no image and no single activation is kept.</summary>
sealed class FeatureSumsCollector(NormalisedModel model, FeatureStage stage, StatisticsOptions options, CancellationToken cancellation)
{
    readonly PatchGraph _patches = PatchGraph.Of(stage.Last.Unit, model, ItemLayout.Of(model));

    /// <summary>Half a sentence why a model gets none, or null.</summary>
    public string? Obstacle()
    {
        string[] tensors = [stage.Last.Unit.Input, stage.Last.Tensor];
        if (tensors.FirstOrDefault(t => model.Trace.ElementType(t) != TensorElementType.Float) is { } other)
            return $"'{other}' is {model.Trace.ElementType(other)}, and sums by class are formed of Float";
        var bytes = FeatureSums.Bytes(stage.Classes, stage.Channels, _patches.Rows);
        return bytes > FeatureSums.MostBytes
            ? $"its sums by class, which unlearn needs, would take {bytes >> 20} MiB for {stage.Classes} classes, more than {FeatureSums.MostBytes >> 20}" : null;
    }

    /// <summary>Sums over images.</summary>
    /// <param name="images">The images.</param>
    /// <param name="labels">Class of each, or -1.</param>
    /// <param name="progress">Told how far the work is.</param>
    public FeatureSums Collect(ItemSet images, IReadOnlyList<int> labels, IProgress<WorkProgress>? progress)
    {
        var (classes, channels, rows) = (stage.Classes, stage.Channels, _patches.Rows);
        var grams = new GramSums[classes];
        var features = new double[classes * channels];
        var active = new float[classes * channels * (rows + 1)];
        for (var c = 0; c < classes; c++)
        {
            cancellation.ThrowIfCancellationRequested();
            progress?.Report(new WorkProgress("summing classes", c, classes));
            int[] own = [.. Enumerable.Range(0, images.Count).Where(i => labels[i] == c)];
            if (own.Length == 0)
            {
                grams[c] = new GramSums(rows, channels);
                continue;
            }
            var (sums, means) = Class(images.Select(own));
            grams[c] = sums;
            for (var k = 0; k < channels; k++)
            {
                features[c * channels + k] = means.Features[k] * sums.Count;
                for (var i = 0; i <= rows; i++) active[(c * channels + k) * (rows + 1) + i] = (float)(means.Derivatives[k][i] * sums.Count);
            }
        }
        progress?.Report(new WorkProgress("summing classes", classes, classes));
        return new FeatureSums(PackedGrams.Of(new NodeNames(model.Proto.Graph).Of(stage.Last.Unit.Node), grams), features, active);
    }

    (GramSums Sums, MeanMatch.Means Means) Class(ItemSet images)
    {
        var (layout, target) = (ItemLayout.Of(model), stage.Last);
        using var prefix = new PrefixRunner(model.Proto, layout, images, options.Batch);
        prefix.Compute(target.Other is { } other ? [target.Unit.Input, target.Tensor, other] : [target.Unit.Input, target.Tensor], cancellation);
        // Every position, since the features are means over all of them.
        var sums = new GramCollector(options.Seed, int.MaxValue).Collect(_patches, target.Unit.Input, prefix, layout.RowShape(target.Tensor),
            (first, count, values) => prefix.Read(target.Tensor, first, count, values), 0, cancellation)[0];
        var (weights, bias) = target.Unit.Read();
        var match = new MeanMatch(stage, _patches, model.Index.Initializer(target.Unit.Node.Input[1])!.Dims);
        return (sums, match.Measure(prefix, weights, bias, int.MaxValue, cancellation));
    }
}
