using System.Numerics.Tensors;
using OnnxEdit.Engine.Runtime;

namespace OnnxEdit.Engine.Refit;

/// <summary>
/// Gram matrices over the dimensions of attention heads: one D x D matrix for each matrix of tokens x dimensions that
/// an image has in a tensor.
/// </summary>
static class HeadGrams
{
    /// <summary>Images that are summed over, the first ones.</summary>
    const int Images = 500;

    /// <summary>What is taken off the values before products are summed.</summary>
    public enum Centring
    {
        /// <summary>Nothing.</summary>
        None,

        /// <summary>The mean over the tokens of each image.</summary>
        Tokens,

        /// <summary>The mean over all tokens of all images.</summary>
        All,
    }

    /// <summary>Sums the matrices of a stored tensor.</summary>
    /// <param name="original">Activations of the original network.</param>
    /// <param name="tensor">A tensor [.., tokens, D], or [.., D, tokens].</param>
    /// <param name="dimensionsLast">Which of the two.</param>
    /// <param name="centring">What is taken off.</param>
    public static double[][][] Sum(PrefixRunner original, string tensor, bool dimensionsLast, Centring centring)
    {
        var shape = original.Shape(tensor);
        var (size, tokens) = dimensionsLast ? ((int)shape[^1], (int)shape[^2]) : ((int)shape[^2], (int)shape[^1]);
        var matrices = original.RowLength(tensor) / (size * tokens);
        var grams = Enumerable.Range(0, matrices).Select(_ => Enumerable.Range(0, size).Select(_ => new double[size]).ToArray()).ToArray();
        var means = Enumerable.Range(0, matrices).Select(_ => new double[size]).ToArray();
        var row = new float[original.RowLength(tensor)];
        var matrix = new float[size * tokens];
        var images = Math.Min(Images, original.Count);
        var padding = original.Padding?.Length == tokens ? original.Padding : null;
        var all = 0.0;
        for (var n = 0; n < images; n++)
        {
            original.Read(tensor, n, 1, row);
            int[] real = [.. Enumerable.Range(0, tokens).Where(t => padding is null || padding.Of(n)[t])];
            all += real.Length;
            for (var m = 0; m < matrices; m++)
            {
                var source = row.AsSpan(m * size * tokens, size * tokens);
                for (var t = 0; t < real.Length; t++)
                    for (var d = 0; d < size; d++) matrix[d * real.Length + t] = source[dimensionsLast ? real[t] * size + d : d * tokens + real[t]];
                Add(grams[m], means[m], matrix, real.Length, centring);
            }
        }
        if (centring == Centring.All)
            for (var m = 0; m < matrices; m++)
                for (var i = 0; i < size; i++)
                    for (var j = 0; j < size; j++) grams[m][i][j] -= means[m][i] * means[m][j] / all;
        return grams;
    }

    // matrix: D rows of tokens.
    static void Add(double[][] gram, double[] means, float[] matrix, int tokens, Centring centring)
    {
        for (var i = 0; i < gram.Length; i++)
        {
            var a = matrix.AsSpan(i * tokens, tokens);
            var sum = TensorPrimitives.Sum<float>(a);
            means[i] += sum;
            if (centring == Centring.Tokens) TensorPrimitives.Subtract(a, sum / tokens, a);
            for (var j = 0; j <= i; j++) gram[i][j] += TensorPrimitives.Dot<float>(a, matrix.AsSpan(j * tokens, tokens));
            for (var j = 0; j < i; j++) gram[j][i] = gram[i][j];
        }
    }
}
