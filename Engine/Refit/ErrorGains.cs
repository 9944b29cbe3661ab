using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Linear;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Refit;

/// <summary>
/// How much of a small relative error in the tensor that a linear unit feeds arrives at the model's outputs: the
/// exchange rate between the errors of different layers. Measured by adding, to every channel, a little of what the
/// channel shows for another image. Recovery lets later layers correct part of what arrives, so the rate is taken halfway
/// (geometrically) between the measured one and none.
/// </summary>
sealed class ErrorGains
{
    /// <summary>Multiply-accumulates of all runs together.</summary>
    const double Work = 1.5e11;

    /// <summary>Activations held in memory, in floats.</summary>
    const double Room = 1.6e7;

    /// <summary>Size of the error added, relative to a channel's spread.</summary>
    const float Epsilon = 0.1f;

    // Reads an output of the items from the first on.
    delegate void PassReader(int output, int first, ReadOnlySpan<float> values);

    // A tensor and its channel axis.
    sealed record Point(string Name, int Axis);

    readonly NormalisedModel _model;
    readonly ItemLayout _layout;
    readonly Point[] _tensors;
    readonly string[] _outputs;
    readonly int _batch;

    ErrorGains(NormalisedModel model, ItemLayout layout, Point[] tensors, string[] outputs, int batch) =>
        (_model, _layout, _tensors, _outputs, _batch) = (model, layout, tensors, outputs, batch);

    /// <summary>Gain of every tensor that a unit feeds; 1 where nothing can be measured.</summary>
    /// <param name="model">The original model.</param>
    /// <param name="layout">What its items look like.</param>
    /// <param name="units">Its linear units.</param>
    /// <param name="images">Calibration images.</param>
    /// <param name="batch">Images per run.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <param name="progress">Told of each tensor.</param>
    public static Dictionary<string, double> Measure(
        NormalisedModel model, ItemLayout layout, IReadOnlyList<UnitTarget> units, ItemSet images, int batch, CancellationToken cancellation,
        IProgress<WorkProgress>? progress = null)
    {
        string[] outputs = [.. model.Proto.Graph.Output.Select(o => o.Name).Where(o =>
            model.Trace.Shapes.ContainsKey(o) && model.Trace.BatchAxis(o) <= 0 && model.Trace.ElementType(o) is TensorElementType.Float or TensorElementType.Float16 or TensorElementType.Double)];
        Point[] tensors = [.. units.Where(u => !model.Index.IsOutput(u.Tensor)).DistinctBy(u => u.Tensor).Select(u => new Point(u.Tensor, u.Unit.IsConv ? 1 : model.Trace.Shape(u.Tensor).Length - 1))];
        var gains = tensors.ToDictionary(t => t.Name, _ => 1.0);
        if (outputs.Length == 0 || tensors.Length == 0 || model.Index.Inputs.Count == 0) return gains;
        var items = new ModelItems(model.Proto, layout, images);
        var floats = tensors.Sum(t => (double)Length(layout, t.Name));
        var macs = Math.Max(1, ModelCounts.Of(model.Proto, model.Trace.Sizes).Macs);
        var count = (int)Math.Clamp(Math.Min(Work / macs / Math.Max(1, tensors.Length), Room / Math.Max(1, floats)), 4, 64);
        // Where the model insists on a batch, an item is a whole one.
        if (!layout.IsBatched) count = Math.Max(2, (int)(count / Math.Max(1, layout.RowShape(model.Index.Inputs[0].Name).FirstOrDefault(1))));
        batch = layout.IsBatched ? Math.Min(count, batch) : 1;
        count = Math.Min(count, items.Count) / batch * batch;
        if (count < 2) return gains;
        new ErrorGains(model, layout, tensors, outputs, batch).Run(items, count, gains, progress, cancellation);
        return gains;
    }

    void Run(ModelItems images, int count, Dictionary<string, double> gains, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        using var runner = new BatchRunner(Build());
        var clean = Names.Concat(_outputs).Select(t => new float[count * Length(_layout, t)]).ToArray();
        Pass(runner, images, count, null, [], (o, first, values) => values.CopyTo(clean[o].AsSpan(first * (clean[o].Length / count))), cancellation);
        var powers = Enumerable.Range(0, _outputs.Length).Select(o => Power(clean[_tensors.Length + o], count)).ToArray();
        if (!powers.All(p => p > 0 && double.IsFinite(p))) return;
        for (var t = 0; t < _tensors.Length; t++)
        {
            progress?.Report(new WorkProgress("weighing layers", t, _tensors.Length));
            var errors = new double[_outputs.Length];
            Pass(runner, images, count, t, Noise(clean[t], count, _tensors[t]), (o, first, values) =>
            {
                if (o < _tensors.Length) return;
                var known = clean[o].AsSpan(first * (clean[o].Length / count), values.Length);
                var distance = TensorPrimitives.Distance(values, known);
                errors[o - _tensors.Length] += (double)distance * distance;
            }, cancellation);
            var gain = errors.Zip(powers, (e, p) => e / p).Average() / (Epsilon * Epsilon);
            if (double.IsFinite(gain)) gains[_tensors[t].Name] = Math.Sqrt(gain);
        }
    }

    IEnumerable<string> Names => _tensors.Select(t => t.Name);

    // The model with "tensor + noise" in place of every tensor.
    ModelProto Build()
    {
        var part = SubgraphExtraction.Between(_model.Proto, _model.Trace, [.. _model.Index.Inputs.Select(i => i.Name)], [.. Names.Concat(_outputs).Distinct()]);
        var graph = part.Graph;
        graph.Output.Clear();
        foreach (var name in Names.Concat(_outputs)) graph.Output.Add(new ValueInfoProto { Name = name });
        FloatBoundary.Apply(part, _model.Trace);
        for (var t = 0; t < _tensors.Length; t++)
        {
            var name = _tensors[t].Name;
            var maker = graph.Node.First(n => n.Output.Contains(name));
            maker.Output[maker.Output.IndexOf(name)] = $"{name}:clean";
            InternalGraph.Input(graph, $"{name}:noise", DataType.Float, _model.Trace.Shape(name).Length);
            var cast = NodeAttributes.Node("Cast", [$"{name}:noise"], [$"{name}:noise:own"]);
            cast.Set("to", (long)_model.Trace.ElementType(name));
            var at = graph.Node.IndexOf(maker) + 1;
            graph.Node.Insert(at, cast);
            graph.Node.Insert(at + 1, NodeAttributes.Node("Add", [$"{name}:clean", $"{name}:noise:own"], [name]));
        }
        return part;
    }

    void Pass(BatchRunner runner, ModelItems images, int count, int? noisy, float[] noise, PassReader read, CancellationToken cancellation)
    {
        var own = images.Inputs.Where(i => runner.Inputs.Contains(i.Name)).ToDictionary(i => i.Name, i => (i.Items, Values: new float[_batch * i.Items.ItemLength]));
        for (var at = 0; at < count; at += _batch)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (var (items, values) in own.Values) items.Fill(at, _batch, values);
            List<BatchInput> inputs = [.. runner.Inputs.TakeWhile(own.ContainsKey).Select(name => new BatchInput(own[name].Values, ItemLayout.Stack(_layout.RowShape(name), _batch)))];
            for (var t = 0; t < _tensors.Length; t++)
            {
                var shape = ItemLayout.Stack(_layout.RowShape(_tensors[t].Name), _batch);
                if (t != noisy) inputs.Add(new([0f], [.. shape.Select(_ => 1L)]));
                else
                {
                    var per = noise.Length / count;
                    inputs.Add(new(noise[(at * per)..((at + _batch) * per)], shape));
                }
            }
            var first = at;
            runner.Run(inputs, (o, values, _) => read(o, first, values));
        }
    }

    // Every channel of another image, centred and scaled down: errors as coherent in space as the channel itself is.
    float[] Noise(float[] clean, int count, Point tensor)
    {
        var shape = _model.Trace.Shape(tensor.Name);
        var axis = tensor.Axis;
        var per = clean.Length / count;
        var inner = (int)shape.Skip(axis + 1).Aggregate(1L, (a, b) => a * b);
        var channels = (int)shape[axis];
        var noise = new float[clean.Length];
        var means = new double[channels];
        for (var i = 0; i < clean.Length; i++) means[i / inner % channels] += clean[i] * (double)channels / clean.Length;
        for (var n = 0; n < count; n++)
            for (var i = 0; i < per; i++)
            {
                var c = i / inner % channels;
                var other = (n + 1 + c % (count - 1)) % count;
                noise[n * per + i] = Epsilon * (float)(clean[other * per + i] - means[c]);
            }
        return noise;
    }

    static double Power(float[] values, int count)
    {
        var per = values.Length / count;
        var total = 0.0;
        for (var i = 0; i < per; i++)
        {
            double sum = 0, squares = 0;
            for (var n = 0; n < count; n++)
            {
                sum += values[n * per + i];
                squares += (double)values[n * per + i] * values[n * per + i];
            }
            total += squares - sum * sum / count;
        }
        return total;
    }

    static int Length(ItemLayout layout, string tensor) => (int)layout.RowShape(tensor).Aggregate(1L, (a, b) => a * b);
}
