using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Refit;

/// <summary>
/// Queries and keys of fewer dimensions whose scores come closest to the original ones. Keys that come straight from a
/// linear layer are written in their best basis (<see cref="HeadBasis"/>), others lose dimensions as they are; queries
/// follow as q' = (M G M')^-1 M G q, with M the map of the keys and G the Gram matrix of a head's keys over tokens. Where
/// a Softmax follows G is centred, since no constant per query changes what it returns.
/// </summary>
sealed class ScoreFit
{
    readonly double[][][] _keys;
    readonly double[][][]? _queries;

    ScoreFit(double[][][] keys, double[][][]? queries) => (_keys, _queries) = (keys, queries);

    /// <summary>Measures queries and keys.</summary>
    /// <param name="model">The model.</param>
    /// <param name="original">Its activations; the operands of the product must be stored.</param>
    /// <param name="product">The product of queries [.., tokens, D] and keys [.., D, tokens].</param>
    /// <param name="mapsKeys">Whether keys may change, too.</param>
    public static ScoreFit Measure(NormalisedModel model, PrefixRunner original, NodeProto product, bool mapsKeys) => new(
        HeadGrams.Sum(original, product.Input[1], false, ReachesSoftmax(model, product) ? HeadGrams.Centring.Tokens : HeadGrams.Centring.None),
        mapsKeys ? HeadGrams.Sum(original, product.Input[0], true, HeadGrams.Centring.None) : null);

    /// <summary>The map of the keys that serve some matrices of the product: one row per dimension left.</summary>
    /// <param name="matrices">Numbers of the matrices.</param>
    /// <param name="left">Dimensions left.</param>
    public float[][] KeyMap(IReadOnlyList<int> matrices, int[] left) => _queries is null
        ? Selection(left, _keys[0].Length)
        : new HeadBasis(Sum([.. matrices.Select(m => _keys[m % _keys.Length])]), Sum([.. matrices.Select(m => _queries[m % _queries.Length])])).Map(left.Length);

    /// <summary>The map of the queries that meet keys in some matrices of the product, given the maps of those keys.</summary>
    public float[][] QueryMap(IReadOnlyList<int> matrices, Func<int, float[][]> keyMap) =>
        Queries([.. matrices.Select(m => (_keys[m % _keys.Length], keyMap(m)))]);

    /// <summary>q' = map q for keys that were mapped: one row per dimension left, one column per original one.</summary>
    /// <param name="keys">Gram matrix and map of all keys that meet these queries.</param>
    public static float[][] Queries(IReadOnlyList<(double[][] Gram, float[][] Map)> keys)
    {
        var (size, rank) = (keys[0].Gram.Length, keys[0].Map.Length);
        if (rank == 0) return [];
        var seen = Enumerable.Range(0, size).Select(_ => new double[rank]).ToArray(); // (M G)', the right-hand sides.
        var inner = Enumerable.Range(0, rank).Select(_ => new double[rank]).ToArray();
        foreach (var (gram, map) in keys)
        {
            var product = map.Select(row => Enumerable.Range(0, size).Select(d => Enumerable.Range(0, size).Sum(e => row[e] * gram[e][d])).ToArray()).ToArray();
            for (var a = 0; a < rank; a++)
            {
                for (var d = 0; d < size; d++) seen[d][a] += product[a][d];
                for (var b = 0; b < rank; b++) inner[a][b] += Enumerable.Range(0, size).Sum(d => product[a][d] * map[b][d]);
            }
        }
        RidgeFactor.Of(inner, LeastSquares.Ridge).Solve(seen);
        return [.. Enumerable.Range(0, rank).Select(a => seen.Select(s => (float)s[a]).ToArray())];
    }

    /// <summary>The map that keeps some dimensions as they are.</summary>
    public static float[][] Selection(int[] left, int size) =>
        [.. left.Select(i => Enumerable.Range(0, size).Select(d => d == i ? 1f : 0f).ToArray())];

    /// <summary>Sum of matrices.</summary>
    public static double[][] Sum(double[][][] grams)
    {
        var size = grams[0].Length;
        return [.. Enumerable.Range(0, size).Select(i => Enumerable.Range(0, size).Select(j => grams.Sum(g => g[i][j])).ToArray())];
    }

    static bool ReachesSoftmax(NormalisedModel model, NodeProto node)
    {
        for (var step = 0; step < 6; step++)
        {
            if (model.Index.Consumers(node.Output[0]) is not [var next]) return false;
            if (next.OpType == "Softmax") return true;
            if (next.OpType is not ("Mul" or "Div" or "Add" or "Sub" or "Where" or "Cast" or "Reshape" or "Squeeze" or "Unsqueeze" or "Identity")) return false;
            node = next;
        }
        return false;
    }
}
