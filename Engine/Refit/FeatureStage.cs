using OnnxEdit.Engine.Linear;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Rewrites;

namespace OnnxEdit.Engine.Refit;

/// <summary>
/// The end of a classifier's body: the linear unit whose output, pooled over positions, is the features g that the last
/// layer reads, g_k = mean over positions of f(y_k), logits = W g + b, with f a Relu, another elementwise activation, or nothing.
/// What lies between is found in the graph and checked with numbers, so it may be any arrangement of activation, pooling,
/// normalisation and data movement.
/// </summary>
sealed class FeatureStage
{
    const int Steps = 12;

    FeatureStage(LinearUnit classifier, UnitTarget last, string features, bool hasRelu, ActivationCurve? curve, int channels, int positions, bool channelsLast, float[,] weights, float[] bias)
    {
        (Classifier, Last, Features, HasRelu, Curve) = (classifier, last, features, hasRelu, curve);
        (Channels, Positions, ChannelsLast, Weights, Bias) = (channels, positions, channelsLast, weights, bias);
    }

    /// <summary>The classifier's last linear unit, which unlearning leaves alone.</summary>
    public LinearUnit Classifier { get; }

    /// <summary>The unit that makes the features, with the residual sum it goes into.</summary>
    public UnitTarget Last { get; }

    /// <summary>The pooled features.</summary>
    public string Features { get; }

    /// <summary>Whether a Relu stands before the pooling.</summary>
    public bool HasRelu { get; }

    /// <summary>Another activation in its place, or null.</summary>
    public ActivationCurve? Curve { get; }

    /// <summary>Number of features C.</summary>
    public int Channels { get; }

    /// <summary>Positions P that are pooled, 1 for none.</summary>
    public int Positions { get; }

    /// <summary>Whether an image's values of y lie as [P, C] rather than [C, P].</summary>
    public bool ChannelsLast { get; }

    /// <summary>W of logits = W g + b, [classes, C].</summary>
    public float[,] Weights { get; }

    /// <summary>b of logits = W g + b.</summary>
    public float[] Bias { get; }

    /// <summary>Number of classes.</summary>
    public int Classes => Bias.Length;

    /// <summary>Place of a channel and a position in an image's values of y.</summary>
    public int At(int channel, int position) => ChannelsLast ? position * Channels + channel : channel * Positions + position;

    /// <summary>Finds the stage.</summary>
    /// <param name="model">The model.</param>
    /// <param name="logits">Name of the logits.</param>
    /// <exception cref="OnnxEngineException">The end of the model has another form (<see cref="ErrorKind.Model"/>).</exception>
    public static FeatureStage Of(NormalisedModel model, string logits) => Find(model, logits, out var why) ?? throw LastLayer.Unsuitable(why);

    /// <summary>Finds the stage; null where the end of the model has another form, which <paramref name="why"/> then says.</summary>
    public static FeatureStage? Find(NormalisedModel model, string logits, out string why)
    {
        var units = UnitTarget.All(model.Proto, model.Trace);
        var layout = ItemLayout.Of(model);
        why = "";
        if (!layout.IsBatched && model.Trace.Shape(model.Index.Inputs[0].Name)[0] != 1)
            why = "it insists on a batch of its own; export it with a batch of 1 or an open one";
        var classifier = LastLayer.Find(model, logits)?.Unit;
        var at = units.FindIndex(u => u.Unit.Output == classifier?.Output);
        if (why.Length == 0 && at < 1) why = "it has fewer than two linear layers with constant weights, so there is no body in front of the classifier";
        if (why.Length > 0) return null;
        var last = Widest(units, units[at - 1], model);
        var node = last.Unit.Node;
        if (last.Unit.Groups > 1) why = $"{PatchGraph.Of(last.Unit, model).Name}, which makes the features, is a grouped convolution";
        else if (!last.Unit.HasBias) why = $"{PatchGraph.Of(last.Unit, model).Name}, which makes the features, has no constant term";
        if (why.Length > 0) return null;
        var shape = layout.RowShape(last.Tensor);
        var channelsLast = !last.Unit.IsConv;
        var channels = (int)(channelsLast ? shape[^1] : shape[1]);
        var positions = (int)(shape.Aggregate(1L, (a, b) => a * b) / channels);
        var probe = new Probe(model, layout);
        var tensor = last.Tensor;
        List<string> maps = [];
        for (var step = 0; step < Steps; step++)
        {
            var count = layout.RowShape(tensor).Aggregate(1L, (a, b) => a * b);
            if (count == channels * positions && tensor != last.Tensor) maps.Add(tensor);
            if (count == channels && probe.Pools(last.Tensor, tensor, maps, channels, positions, channelsLast) is { } pooled
                && probe.Affine(tensor, logits) is { } affine)
                return new FeatureStage(classifier!, last, tensor, pooled.IsRelu, pooled.Curve, channels, positions, channelsLast, affine.Weights, affine.Bias);
            // Where several read it, as in x * Sigmoid(x), the last is where they meet, if they do.
            if (tensor == logits || model.Index.Consumers(tensor) is not [.., var next] || next.Output.Count == 0 || !model.Trace.Shapes.ContainsKey(next.Output[0])) break;
            tensor = next.Output[0];
        }
        why = $"what lies between {node.OpType} '{(node.Name.Length > 0 ? node.Name : node.Output[0])}' and the classifier is not an average over positions, with or without an elementwise activation before it";
        return null;
    }

    // Where two units make the residual sum (a convolution on the shortcut), the one that sees more.
    static UnitTarget Widest(List<UnitTarget> units, UnitTarget last, NormalisedModel model)
    {
        if (last.Other is null || units.Find(u => u.Unit.Output == last.Other) is not { } other) return last;
        return PatchGraph.Of(other.Unit, model).Rows > PatchGraph.Of(last.Unit, model).Rows
            ? new UnitTarget(other.Unit, last.Tensor, last.Unit.Output, last.Activation) : last;
    }

    // Runs parts of the graph on made-up values of one image.
    sealed class Probe(NormalisedModel model, ItemLayout layout)
    {
        // What comes before the mean over positions; null when the part is something else.
        public (bool IsRelu, ActivationCurve? Curve)? Pools(string from, string to, IReadOnlyList<string> maps, int channels, int positions, bool channelsLast)
        {
            var random = new Random(0);
            float[] y = [.. Enumerable.Range(0, channels * positions).Select(_ => (float)(2 * random.NextDouble() - 1))];
            using var part = Open(from, to);
            if (part?.Run(y) is not { } g) return null;
            bool Is(Func<float, float> f, double tolerance) => Enumerable.Range(0, channels).All(k => Math.Abs(g[k] - Enumerable.Range(0, positions)
                .Average(p => (double)f(y[channelsLast ? p * channels + k : k * positions + p]))) < tolerance);
            if (Is(v => v, 1e-4)) return (false, null);
            if (Is(v => Math.Max(v, 0), 1e-4)) return (true, null);
            return maps.Reverse().Select(m => Curve(from, m, y)).OfType<ActivationCurve>().FirstOrDefault(c => Is(c.At, 1e-3)) is { } curve ? (false, curve) : null;
        }

        // The same function of every single value, or null.
        ActivationCurve? Curve(string from, string to, float[] y)
        {
            using var part = Open(from, to);
            float[] turned = [.. y.Reverse()];
            if (part?.Run(y) is not { } a || part.Run(turned) is not { } b || a.Length != y.Length
                || a.Where((v, i) => Math.Abs(v - b[a.Length - 1 - i]) > 1e-5).Any()) return null;
            return ActivationCurve.Of(values => [.. values.Chunk(y.Length).SelectMany(some => part.Run([.. some, .. new float[y.Length - some.Length]]).Take(some.Length))]);
        }

        // The affine map from one tensor to another, checked on a random point; null when it is none.
        public (float[,] Weights, float[] Bias)? Affine(string from, string to)
        {
            var count = (int)layout.RowShape(from).Aggregate(1L, (a, b) => a * b);
            using var part = Open(from, to);
            if (part?.Run(new float[count]) is not { } bias) return null;
            var weights = new float[bias.Length, count];
            for (var k = 0; k < count; k++)
            {
                var unit = new float[count];
                unit[k] = 1;
                var z = part.Run(unit);
                for (var c = 0; c < bias.Length; c++) weights[c, k] = z[c] - bias[c];
            }
            var random = new Random(1);
            float[] point = [.. Enumerable.Range(0, count).Select(_ => (float)(4 * random.NextDouble() - 2))];
            var found = part.Run(point);
            var largest = found.Max(Math.Abs) + 1e-6;
            return Enumerable.Range(0, bias.Length).All(c =>
                Math.Abs(found[c] - bias[c] - Enumerable.Range(0, count).Sum(k => (double)weights[c, k] * point[k])) < 1e-3 * largest) ? (weights, bias) : null;
        }

        Part? Open(string from, string to)
        {
            if (from == to) return new Part(null, []);
            // What needs the images as well is joined with another branch.
            var part = SubgraphExtraction.Between(model.Proto, model.Trace, [from, .. model.Index.Inputs.Select(i => i.Name)], [to]);
            if (part.Graph.Input.Count != 1 || part.Graph.Input[0].Name != from) return null;
            FloatBoundary.Apply(part, model.Trace);
            return new Part(new BatchRunner(part), layout.RowShape(from));
        }
    }

    // What lies between two tensors; nothing where they are the same.
    sealed class Part(BatchRunner? runner, long[] shape) : IDisposable
    {
        public float[] Run(float[] values)
        {
            var result = values;
            runner?.Run([new BatchInput(values, shape)], (_, output, _) => result = output.ToArray());
            return result;
        }

        public void Dispose() => runner?.Dispose();
    }
}
