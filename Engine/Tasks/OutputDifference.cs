using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;

namespace OnnxEdit.Engine.Tasks;

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
        NormalisedModel original, ModelProto edited, ItemSet images, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        var layout = ItemLayout.Of(original);
        var items = new ModelItems(original.Proto, layout, images);
        var outputs = Outputs(original);
        if (outputs.Length == 0) return new OrderedDictionary<string, double>();
        using var first = Runner(original.Proto, original);
        using var second = Runner(edited, original);
        bool[] isFloat = [.. outputs.Select(o => ComparedTensors.IsFloat(original, o))];
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

    /// <summary>Outputs that nodes make and that are tensors; a model may have none.</summary>
    internal static string[] Outputs(NormalisedModel model) =>
        [.. model.Proto.Graph.Output.Select(o => o.Name).Where(o => model.Index.Producer(o) is not null && model.Trace.Shapes.ContainsKey(o))];

    /// <summary>Runs a form of the original from its inputs to its outputs, in and out as float32.</summary>
    internal static BatchRunner Runner(ModelProto form, NormalisedModel original)
    {
        var part = SubgraphExtraction.Between(form, original.Trace, [.. original.Index.Inputs.Select(i => i.Name)], Outputs(original));
        FloatBoundary.Apply(part, original.Trace);
        return new BatchRunner(part);
    }

    /// <summary>Outputs for one item.</summary>
    internal static float[][] Run(BatchRunner runner, ItemLayout layout, ModelItems items, int item)
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
