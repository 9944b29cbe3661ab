using System.Numerics.Tensors;

namespace OnnxEdit.Engine.Attribution.Ablations;

/// <summary>
/// Sufficient statistics of the regression of answers on ablations: products and sums over masks, in double. They add up,
/// so that masks may be run anywhere and in any number, and the size does not depend on how many there were.
/// z is the vector of ablations of a mask (1 - mask), y the answers of all examples under it.
/// </summary>
sealed class AblationSums
{
    /// <summary>Nothing yet.</summary>
    /// <param name="components">Components, d.</param>
    /// <param name="examples">Examples, n.</param>
    public AblationSums(int components, int examples)
    {
        (Components, Examples) = (components, examples);
        Together = new double[components][];
        for (var j = 0; j < components; j++) Together[j] = new double[j + 1];
        Answers = new double[components][];
        for (var j = 0; j < components; j++) Answers[j] = new double[examples];
        (Sum, Squares) = (new double[examples], new double[examples]);
    }

    /// <summary>Sums that were made before.</summary>
    public AblationSums(long count, double[][] together, double[][] answers, double[] sum, double[] squares)
    {
        (Components, Examples, Count) = (together.Length, sum.Length, count);
        (Together, Answers, Sum, Squares) = (together, answers, sum, squares);
    }

    /// <summary>Components, d.</summary>
    public int Components { get; }

    /// <summary>Examples, n.</summary>
    public int Examples { get; }

    /// <summary>Masks added.</summary>
    public long Count { get; private set; }

    /// <summary>Lower triangle of sum z z': how often two components were ablated together, [d][j + 1].</summary>
    public double[][] Together { get; }

    /// <summary>Sum of z y', [d][n].</summary>
    public double[][] Answers { get; }

    /// <summary>Sum of y, [n].</summary>
    public double[] Sum { get; }

    /// <summary>Sum of the squares of y, [n].</summary>
    public double[] Squares { get; }

    /// <summary>The sum of two.</summary>
    public static AblationSums Of(AblationSums a, AblationSums b)
    {
        var all = new AblationSums(a.Components, a.Examples) { Count = a.Count + b.Count };
        ThreadedLoop.For(0, a.Components, j =>
        {
            TensorPrimitives.Add(a.Together[j], b.Together[j], all.Together[j]);
            TensorPrimitives.Add(a.Answers[j], b.Answers[j], all.Answers[j]);
        });
        TensorPrimitives.Add(a.Sum, b.Sum, all.Sum);
        TensorPrimitives.Add(a.Squares, b.Squares, all.Squares);
        return all;
    }

    /// <summary>Adds one mask.</summary>
    /// <param name="ablated">Components that it ablates, ascending.</param>
    /// <param name="answers">Answers of all examples under it, [n].</param>
    public void Add(ReadOnlySpan<int> ablated, ReadOnlySpan<float> answers)
    {
        for (var i = 0; i < ablated.Length; i++)
        {
            var row = Together[ablated[i]];
            for (var k = 0; k <= i; k++) row[ablated[k]]++;
            var own = Answers[ablated[i]];
            for (var e = 0; e < answers.Length; e++) own[e] += answers[e];
        }
        for (var e = 0; e < answers.Length; e++)
        {
            Sum[e] += answers[e];
            Squares[e] += (double)answers[e] * answers[e];
        }
        Count++;
    }
}
