using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Statistics;
using OnnxEdit.Surgery.Components;
using OnnxEdit.Surgery.Graph;

namespace OnnxEdit.Engine.Attribution.Ablations;

/// <summary>Means of components over images and places, for ablation by the mean.</summary>
static class ComponentMeans
{
    /// <summary>Measures them.</summary>
    /// <param name="model">The folded network.</param>
    /// <param name="components">Its components.</param>
    /// <param name="images">The images.</param>
    /// <param name="batch">Images per run; the last ones that fill no batch are left out of a model that insists on one.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <returns>One array per layer, one mean per place along its axis.</returns>
    public static float[][] Measure(NormalisedModel model, ComponentMap components, ItemSet images, int batch, CancellationToken cancellation)
    {
        var layers = components.Layers;
        using var runner = new BatchRunner(ExposedModel.Of(model, [.. layers.Select(l => l.Tensor)]));
        var sums = layers.Select(l => new double[l.Count * l.Width]).ToArray();
        var counts = new long[layers.Count];
        var buffer = new float[batch * images.ItemLength];
        for (var at = 0; at + (model.Trace.HasDynamicBatch ? 1 : batch) <= images.Count; at += batch)
        {
            cancellation.ThrowIfCancellationRequested();
            var count = Math.Min(batch, images.Count - at);
            images.Fill(at, count, buffer);
            runner.Run(ItemInputs.Split(model.Index, runner, images, buffer, count), (o, values, shape) =>
            {
                var places = sums[o].Length;
                var inner = (int)shape.Skip(layers[o].Axis + 1).Aggregate(1L, (a, b) => a * b);
                for (var i = 0; i < values.Length; i++) sums[o][i / inner % places] += values[i];
                counts[o] += values.Length / places;
            });
        }
        return [.. sums.Zip(counts, (row, n) => row.Select(s => (float)(s / Math.Max(1, n))).ToArray())];
    }
}
