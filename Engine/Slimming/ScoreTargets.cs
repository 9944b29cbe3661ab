using System.Numerics.Tensors;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine;

/// <summary>
/// Targets for the queries of an attention whose dimensions are cut: not their own original values, but those that
/// make the scores come closest to the original ones with the keys that are left (<see cref="ScoreFit"/>).
/// </summary>
sealed class ScoreTargets
{
    // One head: columns of the original and of the edited unit's output, and q' = Map q.
    sealed record Head(int[] From, int[] To, float[][] Map);

    // The product, the tensor of its other operand, the columns of the unit at each of a product's matrices.
    sealed record Product(NodeProto Node, LinearUnit Unit, int[][] Columns);

    readonly ChannelAnalysis _analysis;
    readonly IReadOnlyList<bool> _removed;
    readonly PrefixRunner _original;
    readonly Dictionary<string, Product> _products = [];
    readonly Dictionary<string, List<Head>> _heads = [];

    /// <summary>Finds the products whose first operand comes straight from a linear unit.</summary>
    public ScoreTargets(ChannelAnalysis analysis, IReadOnlyList<bool> removed, PrefixRunner original)
    {
        (_analysis, _removed, _original) = (analysis, removed, original);
        var units = Units(analysis);
        foreach (var slices in analysis.Consumers.GroupBy(c => c.Node).Where(g => g.Any(s => s.Channels.Ids.Any(Gone))))
            if (Find(analysis, slices.Key, units) is { } product) _products.TryAdd(product.Unit.Output, product);
    }

    /// <summary>True when a product's first operand comes straight from a linear unit, so that it can be fitted.</summary>
    public static bool CanFit(ChannelAnalysis analysis, NodeProto node) => Find(analysis, node, Units(analysis)) is not null;

    static Dictionary<string, LinearUnit> Units(ChannelAnalysis analysis) =>
        UnitTarget.All(analysis.Model.Proto, analysis.Model.Trace).Where(t => !t.Unit.IsConv && t.Other is null).ToDictionary(t => t.Unit.Output, t => t.Unit);

    static Product? Find(ChannelAnalysis analysis, NodeProto node, Dictionary<string, LinearUnit> units) =>
        node.OpType == "MatMul" && analysis.Consumers.Count(c => c.Node == node) == 2 && Straight(analysis, node.Input[0], units) is { } unit
        && Columns(analysis.Model, unit, node) is { } columns ? new Product(node, unit, columns) : null;

    /// <summary>Outputs of the units whose targets differ from their own original values.</summary>
    public IReadOnlyCollection<string> Outputs => _products.Keys;

    /// <summary>Writes the targets of a unit, or null where its own original values are the target.</summary>
    public GramCollector.TargetWriter? Writer(string output, CancellationToken cancellation)
    {
        if (!_products.TryGetValue(output, out var product)) return null;
        if (!_heads.TryGetValue(output, out var heads)) _heads[output] = heads = Heads(product, cancellation);
        var width = (int)_analysis.Model.Trace.Shape(output)[^1];
        var left = Kept(output, width).Count;
        var length = _original.RowLength(output);
        var source = new float[_original.Batch * length];
        return (first, count, destination) =>
        {
            _original.Read(output, first, count, source);
            var gathered = new float[heads.Max(h => h.From.Length)];
            for (var row = 0; row < count * length / width; row++)
            {
                var x = source.AsSpan(row * width, width);
                var y = destination.Slice(row * left, left);
                foreach (var head in heads)
                {
                    for (var i = 0; i < head.From.Length; i++) gathered[i] = x[head.From[i]];
                    for (var i = 0; i < head.To.Length; i++) y[head.To[i]] = TensorPrimitives.Dot(head.Map[i], gathered.AsSpan(0, head.From.Length));
                }
            }
        };
    }

    bool Gone(int cell) => cell >= 0 && _removed[cell];

    // Place of every kept column of a unit's output in the edited network.
    Dictionary<int, int> Kept(string output, int width)
    {
        var ids = _analysis.Tensors[output].Ids;
        return Enumerable.Range(0, width).Where(c => !Gone(ids[c])).Select((c, i) => (c, i)).ToDictionary(p => p.c, p => p.i);
    }

    // The unit behind a tensor, with nothing but movement and scalar factors between.
    static LinearUnit? Straight(ChannelAnalysis analysis, string tensor, Dictionary<string, LinearUnit> units)
    {
        while (!units.ContainsKey(tensor))
        {
            if (analysis.Model.Index.Producer(tensor) is not { } node || analysis.Model.Index.Consumers(node.Output[0]).Count != 1) return null;
            if (node.OpType is "Reshape" or "Transpose" or "Squeeze" or "Unsqueeze" or "Identity") tensor = node.Input[0];
            else if (IsScalarFactor(analysis.Model, node)) tensor = node.Input[0];
            else return null;
        }
        return analysis.Model.Index.Consumers(tensor).Count == 1 && analysis.Tensors.TryGetValue(tensor, out var c)
            && c.Axis == analysis.Model.Trace.Shape(tensor).Length - 1 ? units[tensor] : null;
    }

    static bool IsScalarFactor(NormalisedModel model, NodeProto node) => node.OpType is "Mul" or "Div" && model.Index.Initializer(node.Input[1]) is { } f && TensorData.ElementCount(f) == 1;

    // Columns of the unit's output in each matrix [tokens, D] of one image, found by running the movement on numbers.
    static int[][]? Columns(NormalisedModel model, LinearUnit unit, NodeProto product)
    {
        var trace = model.Trace;
        var part = SubgraphExtraction.Between(model.Proto, trace, [unit.Output], [product.Input[0]]);
        foreach (var node in part.Graph.Node.Where(n => n.OpType is "Mul" or "Div"))
        {
            node.OpType = "Identity";
            node.Input.RemoveAt(1);
        }
        if (part.Graph.Node.Count == 0) return null;
        FloatBoundary.Apply(part, trace);
        var shape = trace.Shape(unit.Output);
        var numbers = Enumerable.Range(0, (int)shape.Aggregate(1L, (a, b) => a * b)).Select(i => (float)(i % shape[^1])).ToArray();
        var moved = trace.Shape(product.Input[0]);
        if (moved.Length < 3 || trace.Batch > 1 && trace.BatchAxis(product.Input[0]) != 0 || moved.Length != trace.Shape(product.Input[1]).Length) return null;
        var (tokens, size) = ((int)moved[^2], (int)moved[^1]);
        int[][]? columns = null;
        using var runner = new BatchRunner(part);
        runner.Run([new BatchInput(numbers, shape)], (_, values, _) =>
        {
            var matrices = values.Length / (tokens * size) / trace.Batch;
            columns = new int[matrices][];
            for (var m = 0; m < matrices; m++)
            {
                columns[m] = Array.ConvertAll(values.Slice(m * tokens * size, size).ToArray(), v => (int)v);
                for (var t = 1; t < tokens && columns is not null; t++)
                    if (!values.Slice((m * tokens + t) * size, size).SequenceEqual(values.Slice(m * tokens * size, size))) columns = null;
                if (columns is null) return;
            }
        });
        return columns;
    }

    List<Head> Heads(Product product, CancellationToken cancellation)
    {
        _original.Compute([product.Node.Input[1], product.Unit.Output], cancellation);
        var grams = ScoreFit.KeyGrams(_analysis.Model, _original, product.Node);
        var kept = Kept(product.Unit.Output, (int)_analysis.Model.Trace.Shape(product.Unit.Output)[^1]);
        // Queries that meet several keys (or keys that serve several queries) serve all of them.
        return [.. product.Columns.Select((c, m) => (Columns: c, Gram: grams[m % grams.Length])).GroupBy(p => string.Join(',', p.Columns)).Select(g =>
        {
            var columns = g.First().Columns;
            int[] left = [.. Enumerable.Range(0, columns.Length).Where(i => kept.ContainsKey(columns[i]))];
            return new Head(columns, [.. left.Select(i => kept[columns[i]])], ScoreFit.Map([.. g.Select(p => p.Gram)], left));
        })];
    }
}
