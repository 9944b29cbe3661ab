using System.Numerics.Tensors;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine;

/// <summary>
/// The least-squares replacement of queries whose dimensions are cut: q' = (K_SS)^-1 K_S: q gives scores closest to
/// the original ones, with K the Gram matrix of a head's keys over tokens. Where a Softmax follows K is centred, since
/// no constant per query changes what it returns.
/// </summary>
static class ScoreFit
{
    /// <summary>Images that the Gram matrices of the keys are summed over.</summary>
    const int Images = 500;

    /// <summary>Lower triangles of the Gram matrices of a product's second operand [.., D, tokens], one per matrix of an image.</summary>
    /// <param name="model">The model.</param>
    /// <param name="original">Its activations; the operand must be stored.</param>
    /// <param name="product">The product.</param>
    public static double[][][] KeyGrams(NormalisedModel model, PrefixRunner original, NodeProto product)
    {
        var shape = model.Trace.Shape(product.Input[1]);
        var (size, tokens) = ((int)shape[^2], (int)shape[^1]);
        var centred = ReachesSoftmax(model, product);
        var row = new float[original.RowLength(product.Input[1])];
        var grams = Enumerable.Range(0, row.Length / (size * tokens)).Select(_ => Enumerable.Range(0, size).Select(_ => new double[size]).ToArray()).ToArray();
        for (var n = 0; n < Math.Min(Images, original.Count); n++)
        {
            original.Read(product.Input[1], n, 1, row);
            for (var m = 0; m < grams.Length; m++)
                for (var i = 0; i < size; i++)
                {
                    var a = row.AsSpan((m * size + i) * tokens, tokens);
                    var mean = centred ? TensorPrimitives.Sum<float>(a) / tokens : 0;
                    for (var j = 0; j <= i; j++)
                    {
                        var b = row.AsSpan((m * size + j) * tokens, tokens);
                        grams[m][i][j] += TensorPrimitives.Dot<float>(a, b) - mean * TensorPrimitives.Sum<float>(b);
                    }
                }
        }
        return grams;
    }

    /// <summary>q' = map q for the dimensions that are left: one row per dimension left, one column per original one.</summary>
    /// <param name="grams">Gram matrices of all keys that meet these queries.</param>
    /// <param name="left">Dimensions left.</param>
    public static float[][] Map(IReadOnlyList<double[][]> grams, int[] left)
    {
        var size = grams[0].Length;
        double At(int i, int j) => grams.Sum(g => i >= j ? g[i][j] : g[j][i]);
        var factor = RidgeFactor.Of([.. left.Select(i => left.Select(j => At(i, j)).ToArray())], LeastSquares.Ridge);
        var solved = Enumerable.Range(0, size).Select(d => left.Select(i => At(i, d)).ToArray()).ToArray();
        factor.Solve(solved);
        return [.. left.Select((_, a) => solved.Select(s => (float)s[a]).ToArray())];
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
