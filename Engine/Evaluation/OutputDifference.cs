using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine;

/// <summary>
/// Distance between the outputs of two models of the same signature: the RMS of the difference over the RMS of the
/// original for floats, the share of changed values for integers.
/// </summary>
static class OutputDifference
{
    /// <summary>Compares item by item.</summary>
    /// <param name="original">The original, normalised.</param>
    /// <param name="edited">The edited model, made from it.</param>
    /// <param name="images">Items to compare on.</param>
    /// <param name="progress">Told how many items are done.</param>
    /// <param name="cancellation">Stops between items.</param>
    /// <returns>By output; NaN where its shape differs. Outputs that are no tensors are left out.</returns>
    public static IReadOnlyDictionary<string, double> Measure(
        NormalisedModel original, ModelProto edited, ImageSet images, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        var layout = ItemLayout.Of(original);
        var items = new ModelItems(original.Proto, layout, images);
        string[] outputs = [.. original.Proto.Graph.Output.Select(o => o.Name).Where(o => original.Index.Producer(o) is not null && original.Trace.Shapes.ContainsKey(o))];
        using var first = Runner(original.Proto, original.Trace, outputs);
        using var second = Runner(edited, original.Trace, outputs);
        bool[] isFloat = [.. outputs.Select(o => original.Trace.ElementType(o)
            is TensorElementType.Float or TensorElementType.Float16 or TensorElementType.BFloat16 or TensorElementType.Double)];
        var (difference, power) = (new double[outputs.Length], new double[outputs.Length]);
        for (var item = 0; item < items.Count; item++)
        {
            cancellation.ThrowIfCancellationRequested();
            progress?.Report(new WorkProgress("comparing outputs", item, items.Count));
            var found = Run(first, layout, items, item);
            var other = Run(second, layout, items, item);
            for (var o = 0; o < outputs.Length; o++)
            {
                if (found[o].Length != other[o].Length) difference[o] = double.NaN;
                for (var i = 0; i < found[o].Length && !double.IsNaN(difference[o]); i++)
                {
                    var distance = (double)other[o][i] - found[o][i];
                    difference[o] += isFloat[o] ? distance * distance : distance == 0 ? 0 : 1;
                    power[o] += isFloat[o] ? (double)found[o][i] * found[o][i] : 1;
                }
            }
        }
        progress?.Report(new WorkProgress("comparing outputs", items.Count, items.Count));
        var result = new OrderedDictionary<string, double>();
        for (var o = 0; o < outputs.Length; o++)
        {
            var ratio = difference[o] == 0 ? 0 : difference[o] / power[o];
            result[outputs[o]] = isFloat[o] ? Math.Sqrt(ratio) : ratio;
        }
        return result;
    }

    static BatchRunner Runner(ModelProto model, ShapeTrace trace, string[] outputs)
    {
        var part = SubgraphExtraction.Between(model, trace, [.. new GraphIndex(model.Graph).Inputs.Select(i => i.Name)], outputs);
        FloatBoundary.Apply(part, trace);
        return new BatchRunner(part);
    }

    static float[][] Run(BatchRunner runner, ItemLayout layout, ModelItems items, int item)
    {
        var sets = items.Inputs.ToDictionary(i => i.Name, i => i.Items);
        var inputs = runner.Inputs.Select(name =>
        {
            var values = new float[sets[name].ItemLength];
            sets[name].Fill(item, 1, values);
            return new BatchInput(values, layout.RowShape(name));
        }).ToArray();
        var outputs = new float[runner.Outputs.Count][];
        runner.Run(inputs, (o, values, _) => outputs[o] = values.ToArray());
        return outputs;
    }
}
