using System.Numerics.Tensors;

namespace OnnxEdit.Engine.Attribution.Ablations;

/// <summary>
/// Sums of gradients at masks, and of their squares. At <see cref="PathMasks"/> their mean is the expected effect of a
/// component at a random mask, which is what a regression on endlessly many ablations would find.
/// </summary>
sealed class PathGradients
{
    /// <summary>Nothing yet.</summary>
    /// <param name="examples">Number of examples.</param>
    /// <param name="components">Number of components.</param>
    public PathGradients(int examples, int components)
    {
        Sum = [.. Enumerable.Range(0, examples).Select(_ => new double[components])];
        Squares = [.. Enumerable.Range(0, examples).Select(_ => new double[components])];
        Count = [.. Enumerable.Range(0, examples).Select(_ => new int[components])];
    }

    /// <summary>Sums that were made before.</summary>
    public PathGradients(double[][] sum, double[][] squares, int[][] count) => (Sum, Squares, Count) = (sum, squares, count);

    /// <summary>Sums of gradients, [examples][components].</summary>
    public double[][] Sum { get; }

    /// <summary>Sums of their squares.</summary>
    public double[][] Squares { get; }

    /// <summary>How many were added up.</summary>
    public int[][] Count { get; }

    /// <summary>Adds the gradients of one run.</summary>
    /// <param name="masks">What is looked at.</param>
    /// <param name="rows">Number of examples, the first ones here.</param>
    /// <param name="entries">Their masks, [rows, components].</param>
    /// <param name="gradients">Their gradients, likewise.</param>
    public void Add(GradientMasks masks, int rows, ReadOnlySpan<float> entries, ReadOnlySpan<float> gradients)
    {
        for (var i = 0; i < rows; i++)
        {
            var (sum, squares, counts) = (Sum[i], Squares[i], Count[i]);
            for (var j = 0; j < sum.Length; j++)
            {
                if (!masks.Counts(entries[i * sum.Length + j])) continue;
                double g = gradients[i * sum.Length + j];
                sum[j] += g;
                squares[j] += g * g;
                counts[j]++;
            }
        }
    }

    /// <summary>Adds sums of some of the examples.</summary>
    /// <param name="first">Number of their first example.</param>
    /// <param name="part">The sums.</param>
    public void Add(int first, PathGradients part)
    {
        for (var i = 0; i < part.Sum.Length; i++)
        {
            TensorPrimitives.Add(Sum[first + i], part.Sum[i], Sum[first + i]);
            TensorPrimitives.Add(Squares[first + i], part.Squares[i], Squares[first + i]);
            TensorPrimitives.Add(Count[first + i], part.Count[i], Count[first + i]);
        }
    }

    /// <summary>Mean effects, [examples][components]; NaN where a component never stood in between.</summary>
    public float[][] Means() => [.. Sum.Select((row, e) => row.Select((s, j) => (float)(s / Count[e][j])).ToArray())];

    /// <summary>Their standard errors.</summary>
    public float[][] StandardErrors() => [.. Sum.Select((row, e) => row.Select((s, j) =>
    {
        var n = Count[e][j];
        return n < 2 ? float.NaN : (float)Math.Sqrt(Math.Max(0, Squares[e][j] - s * s / n) / (n - 1) / n);
    }).ToArray())];
}
