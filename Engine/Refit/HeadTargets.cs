using System.Numerics.Tensors;
using OnnxEdit.Engine.Linear;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Refit;

/// <summary>
/// Targets for the queries, keys and values of an attention whose dimensions are cut: not their own original values,
/// but the combinations of these that matter most (<see cref="ScoreFit"/>, <see cref="HeadBasis"/>).
/// </summary>
sealed class HeadTargets
{
    // One head: columns of the original and of the edited unit's output, and new = Map old.
    sealed record Head(int[] From, int[] To, float[][] Map);

    // The product of queries and keys; keys may come from elsewhere than a linear unit.
    sealed record Scores(NodeProto Node, LinearUnit Queries, int[][] QueryColumns, LinearUnit? Keys, int[][] KeyColumns);

    // The product with the values, and the unit that reads it.
    sealed record Mixture(NodeProto Node, LinearUnit Values, int[][] Columns, LinearUnit Reader, int[][] ReaderColumns);

    readonly ChannelAnalysis _analysis;
    readonly IReadOnlyList<bool> _removed;
    readonly PrefixRunner _original;
    readonly Dictionary<string, Func<CancellationToken, List<Head>>> _pending = [];
    readonly Dictionary<string, List<Head>> _heads = [];

    /// <summary>Finds the products whose operands come straight from linear units.</summary>
    public HeadTargets(ChannelAnalysis analysis, IReadOnlyList<bool> removed, PrefixRunner original)
    {
        (_analysis, _removed, _original) = (analysis, removed, original);
        var units = HeadColumns.Units(analysis.Model);
        foreach (var slices in analysis.Consumers.GroupBy(c => c.Node).Where(g => g.Any(s => s.Channels.Ids.Any(Gone))))
        {
            if (FindScores(analysis, slices.Key, units) is { } scores)
            {
                _pending.TryAdd(scores.Queries.Output, c => Fit(scores, c).Queries);
                if (scores.Keys is { } keys) _pending.TryAdd(keys.Output, c => Fit(scores, c).Keys);
            }
            else if (FindMixture(analysis, slices.Key, units) is { } mixture) _pending.TryAdd(mixture.Values.Output, c => Fit(mixture, c));
        }
    }

    /// <summary>What of a product of queries and keys can be fitted to the scores.</summary>
    public static (bool Queries, bool Keys) CanFit(ChannelAnalysis analysis, NodeProto node) =>
        FindScores(analysis, node, HeadColumns.Units(analysis.Model)) is { } scores ? (true, scores.Keys is not null) : (false, false);

    /// <summary>Outputs of the units whose targets differ from their own original values.</summary>
    public IReadOnlyCollection<string> Outputs => _pending.Keys;

    /// <summary>Writes the targets of a unit, or null where its own original values are the target.</summary>
    public GramCollector.TargetWriter? Writer(string output, CancellationToken cancellation)
    {
        if (!_pending.TryGetValue(output, out var fit)) return null;
        if (!_heads.TryGetValue(output, out var heads)) _heads[output] = heads = fit(cancellation);
        var width = (int)_analysis.Model.Trace.Shape(output)[^1];
        var left = Kept(output).Count;
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

    static Scores? FindScores(ChannelAnalysis analysis, NodeProto node, Dictionary<string, LinearUnit> units)
    {
        var model = analysis.Model;
        if (node.OpType != "MatMul" || analysis.Consumers.Count(c => c.Node == node) != 2) return null;
        if (model.Trace.Shape(node.Input[0]).Length != model.Trace.Shape(node.Input[1]).Length) return null;
        if (HeadColumns.Straight(analysis, node.Input[0], units) is not { } queries || HeadColumns.Of(model, queries, node.Input[0], true) is not { } columns) return null;
        var keys = HeadColumns.Straight(analysis, node.Input[1], units);
        var keyColumns = keys is null || keys.Output == queries.Output ? null : HeadColumns.Of(model, keys, node.Input[1], false);
        return new Scores(node, queries, columns, keyColumns is null ? null : keys, keyColumns ?? []);
    }

    // From a unit that reads what a product of two activations makes, back to the values.
    static Mixture? FindMixture(ChannelAnalysis analysis, NodeProto node, Dictionary<string, LinearUnit> units)
    {
        var (model, index) = (analysis.Model, analysis.Model.Index);
        if (UnitTarget.All(model.Proto, model.Trace).Find(t => t.Unit.Node == node && !t.Unit.IsConv) is not { Unit: var reader }) return null;
        var tensor = reader.Input;
        while (index.Producer(tensor) is { } movement && HeadColumns.IsMovement(movement) && index.Consumers(tensor).Count == 1) tensor = movement.Input[0];
        if (index.Producer(tensor) is not { OpType: "MatMul" } product || index.Consumers(tensor).Count != 1) return null;
        if (index.Initializer(product.Input[1]) is not null || model.Trace.Shape(product.Input[0]).Length != model.Trace.Shape(product.Input[1]).Length) return null;
        return HeadColumns.Straight(analysis, product.Input[1], units) is { } values
            && HeadColumns.Of(model, values, product.Input[1], true) is { } columns
            && HeadColumns.Into(model, tensor, reader) is { } read && read.Length % columns.Length == 0
            ? new Mixture(product, values, columns, reader, read) : null;
    }

    bool Gone(int cell) => cell >= 0 && _removed[cell];

    // Place of every kept column of a unit's output in the edited network.
    Dictionary<int, int> Kept(string output)
    {
        var ids = _analysis.Tensors[output].Ids;
        return Enumerable.Range(0, ids.Length).Where(c => !Gone(ids[c])).Select((c, i) => (c, i)).ToDictionary(p => p.c, p => p.i);
    }

    (List<Head> Queries, List<Head> Keys) Fit(Scores scores, CancellationToken cancellation)
    {
        var (queries, keys) = (scores.Queries.Output, scores.Keys?.Output);
        _original.Compute([.. scores.Node.Input, queries, .. keys is null ? Array.Empty<string>() : [keys]], cancellation);
        var fit = ScoreFit.Measure(_analysis.Model, _original, scores.Node, keys is not null);
        var size = scores.QueryColumns[0].Length;
        var kept = Kept(queries);
        int[] Left(int m) => [.. Enumerable.Range(0, size).Where(i => kept.ContainsKey(scores.QueryColumns[m][i]))];
        var count = Math.Max(scores.QueryColumns.Length, scores.KeyColumns.Length);
        // Keys that meet several queries have one map for all of them, and so have queries that meet several keys.
        var maps = new float[count][][];
        List<Head> keyHeads = [];
        foreach (var matrices in Shared(scores.KeyColumns, count))
        {
            var left = Left(matrices[0] % scores.QueryColumns.Length);
            var map = fit.KeyMap(matrices, left);
            foreach (var m in matrices) maps[m] = map;
            if (keys is not null) keyHeads.Add(HeadOf(scores.KeyColumns[matrices[0] % scores.KeyColumns.Length], map, Kept(keys)));
        }
        return ([.. Shared(scores.QueryColumns, count).Select(matrices =>
            HeadOf(scores.QueryColumns[matrices[0] % scores.QueryColumns.Length], fit.QueryMap(matrices, m => maps[m]), kept))], keyHeads);
    }

    List<Head> Fit(Mixture mixture, CancellationToken cancellation)
    {
        var mixed = mixture.Node.Output[0];
        _original.Compute([mixed, mixture.Values.Output], cancellation);
        var grams = HeadGrams.Sum(_original, mixed, true, mixture.Reader.HasBias ? HeadGrams.Centring.All : HeadGrams.Centring.None);
        var (weights, _) = mixture.Reader.Read();
        var kept = Kept(mixture.Values.Output);
        return [.. Shared(mixture.Columns, mixture.ReaderColumns.Length).Select(matrices =>
        {
            var columns = mixture.Columns[matrices[0] % mixture.Columns.Length];
            var basis = Basis(weights, mixture, matrices, m => grams[m]);
            return HeadOf(columns, basis.Map(columns.Count(kept.ContainsKey)), kept);
        })];
    }

    /// <summary>
    /// Squared error in the output of a unit that reads values when 0, 1, .. dimensions of every head are gone and the others
    /// are written in their best basis; null where they cannot be.
    /// </summary>
    /// <param name="analysis">The analysis.</param>
    /// <param name="reader">The unit.</param>
    /// <param name="gram">Gram matrix of its input.</param>
    public static double[]? Lost(ChannelAnalysis analysis, LinearUnit reader, double[][] gram)
    {
        if (analysis.HeadCut != HeadCut.Dimensions || FindMixture(analysis, reader.Node, HeadColumns.Units(analysis.Model)) is not { } mixture) return null;
        var (weights, _) = reader.Read();
        var bases = Shared(mixture.Columns, mixture.ReaderColumns.Length).Select(matrices => Basis(weights, mixture, matrices,
            m => [.. mixture.ReaderColumns[m].Select(a => mixture.ReaderColumns[m].Select(b => gram[a][b]).ToArray())])).ToArray();
        return [.. Enumerable.Range(0, mixture.Columns[0].Length + 1).Select(n => bases.Sum(b => b.Lost(n)))];
    }

    static HeadBasis Basis(float[,] weights, Mixture mixture, int[] matrices, Func<int, double[][]> gram) =>
        new(ScoreFit.Sum([.. matrices.Select(gram)]), ScoreFit.Sum([.. matrices.Select(m => Metric(weights, mixture.ReaderColumns[m]))]));

    // W' W over the columns of one head.
    static double[][] Metric(float[,] weights, int[] columns) =>
        [.. columns.Select(a => columns.Select(b => Enumerable.Range(0, weights.GetLength(0)).Sum(o => (double)weights[o, a] * weights[o, b])).ToArray())];

    // Numbers of the matrices that share columns; all in their own group where no columns are known.
    static IEnumerable<int[]> Shared(int[][] columns, int count) => columns.Length == 0
        ? Enumerable.Range(0, count).Select(m => new[] { m })
        : Enumerable.Range(0, count).GroupBy(m => string.Join(',', columns[m % columns.Length])).Select(g => g.ToArray());

    static Head HeadOf(int[] columns, float[][] map, Dictionary<int, int> kept) =>
        new(columns, [.. columns.Where(kept.ContainsKey).Select(c => kept[c])], map);
}
