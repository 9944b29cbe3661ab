using System.Numerics.Tensors;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine;

/// <summary>
/// Targets for the queries of an attention whose dimensions are cut: not their own original values, but those that
/// make the scores come closest to the original ones with the keys that are left, q' = (K_SS)^-1 K_S: q, with K the
/// Gram matrix of a head's keys over tokens (centred where a Softmax follows, which no constant per query can change).
/// </summary>
sealed class ScoreTargets
{
    /// <summary>Images that the Gram matrices of the keys are summed over.</summary>
    const int Images = 500;

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
        var units = UnitTarget.All(analysis.Model.Proto, analysis.Model.Trace).Where(t => !t.Unit.IsConv && t.Other is null).ToDictionary(t => t.Unit.Output, t => t.Unit);
        foreach (var slices in analysis.Consumers.Where(c => c.Node.OpType == "MatMul").GroupBy(c => c.Node).Where(g => g.Count() == 2))
            if (slices.Any(s => s.Channels.Ids.Any(Gone)) && Straight(slices.Key.Input[0], units) is { } unit && Columns(unit, slices.Key) is { } columns)
                _products.TryAdd(unit.Output, new Product(slices.Key, unit, columns));
    }

    /// <summary>Outputs of the units whose targets differ from their own original values.</summary>
    public IReadOnlyCollection<string> Units => _products.Keys;

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
    LinearUnit? Straight(string tensor, Dictionary<string, LinearUnit> units)
    {
        while (!units.ContainsKey(tensor))
        {
            if (_analysis.Model.Index.Producer(tensor) is not { } node || _analysis.Model.Index.Consumers(node.Output[0]).Count != 1) return null;
            if (node.OpType is "Reshape" or "Transpose" or "Squeeze" or "Unsqueeze" or "Identity") tensor = node.Input[0];
            else if (IsScalarFactor(node)) tensor = node.Input[0];
            else return null;
        }
        return _analysis.Model.Index.Consumers(tensor).Count == 1 && _analysis.Tensors.TryGetValue(tensor, out var c)
            && c.Axis == _analysis.Model.Trace.Shape(tensor).Length - 1 ? units[tensor] : null;
    }

    bool IsScalarFactor(NodeProto node) => node.OpType is "Mul" or "Div" && _analysis.Model.Index.Initializer(node.Input[1]) is { } f && TensorData.ElementCount(f) == 1;

    // Columns of the unit's output in each matrix [tokens, D] of one image, found by running the movement on numbers.
    int[][]? Columns(LinearUnit unit, NodeProto product)
    {
        var trace = _analysis.Model.Trace;
        var part = SubgraphExtraction.Between(_analysis.Model.Proto, trace, [unit.Output], [product.Input[0]]);
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
        var keys = product.Node.Input[1];
        _original.Compute([keys, product.Unit.Output], cancellation);
        var shape = _analysis.Model.Trace.Shape(keys);
        var (size, tokens) = ((int)shape[^2], (int)shape[^1]);
        var centred = ReachesSoftmax(product.Node);
        var row = new float[_original.RowLength(keys)];
        var matrices = row.Length / (size * tokens);
        var grams = product.Columns.Select(_ => new double[size][]).ToArray();
        foreach (var g in grams)
            for (var i = 0; i < size; i++) g[i] = new double[size];
        for (var n = 0; n < Math.Min(Images, _original.Count); n++)
        {
            _original.Read(keys, n, 1, row);
            for (var m = 0; m < product.Columns.Length; m++)
                for (var i = 0; i < size; i++)
                {
                    var a = row.AsSpan((m % matrices * size + i) * tokens, tokens);
                    var mean = centred ? TensorPrimitives.Sum<float>(a) / tokens : 0;
                    for (var j = 0; j <= i; j++)
                    {
                        var b = row.AsSpan((m % matrices * size + j) * tokens, tokens);
                        grams[m][i][j] += TensorPrimitives.Dot<float>(a, b) - mean * TensorPrimitives.Sum<float>(b);
                    }
                }
        }
        var kept = Kept(product.Unit.Output, (int)_analysis.Model.Trace.Shape(product.Unit.Output)[^1]);
        return [.. product.Columns.Select((c, m) => (Columns: c, Gram: grams[m])).GroupBy(p => string.Join(',', p.Columns)).Select(g => Solve(g.First().Columns, [.. g.Select(p => p.Gram)], kept))];
    }

    static Head Solve(int[] columns, double[][][] grams, Dictionary<int, int> kept)
    {
        var size = columns.Length;
        double At(int i, int j) => grams.Sum(g => i >= j ? g[i][j] : g[j][i]);
        int[] left = [.. Enumerable.Range(0, size).Where(i => kept.ContainsKey(columns[i]))];
        var ridge = LeastSquares.Ridge * Math.Max(Enumerable.Range(0, size).Average(i => At(i, i)), 1e-30);
        var factor = new CholeskyFactor([.. left.Select((i, a) => left.Select((j, b) => At(i, j) + (a == b ? ridge : 0)).ToArray())]);
        // Columns of K_S: solved one by one; kept dimensions come out as themselves.
        var solved = Enumerable.Range(0, size).Select(d => left.Select(i => At(i, d)).ToArray()).ToArray();
        factor.Solve(solved);
        return new Head(columns, [.. left.Select(i => kept[columns[i]])], [.. left.Select((_, a) => solved.Select(s => (float)s[a]).ToArray())]);
    }

    bool ReachesSoftmax(NodeProto node)
    {
        for (var step = 0; step < 6; step++)
        {
            if (_analysis.Model.Index.Consumers(node.Output[0]) is not [var next]) return false;
            if (next.OpType == "Softmax") return true;
            if (next.OpType is not ("Mul" or "Div" or "Add" or "Sub" or "Where" or "Cast" or "Reshape" or "Squeeze" or "Unsqueeze" or "Identity")) return false;
            node = next;
        }
        return false;
    }
}
