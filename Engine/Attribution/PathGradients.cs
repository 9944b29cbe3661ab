namespace OnnxEdit.Engine;

/// <summary>
/// Sums of mask gradients of components that stand in between (<see cref="PathMasks"/>), and of their squares: their mean is
/// the expected effect of a component at a random mask, which is what a regression on endlessly many ablations would find.
/// </summary>
sealed class PathGradients
{
    readonly double[][] _sum;
    readonly double[][] _squares;
    readonly int[][] _count;

    /// <param name="examples">Number of examples.</param>
    /// <param name="components">Number of components.</param>
    public PathGradients(int examples, int components)
    {
        _sum = [.. Enumerable.Range(0, examples).Select(_ => new double[components])];
        _squares = [.. Enumerable.Range(0, examples).Select(_ => new double[components])];
        _count = [.. Enumerable.Range(0, examples).Select(_ => new int[components])];
    }

    /// <summary>Runs passes over all examples and adds them up.</summary>
    /// <param name="session">The masked network with its gradients.</param>
    /// <param name="images">The examples, all labelled.</param>
    /// <param name="masks">The masks.</param>
    /// <param name="first">Number of the first pass.</param>
    /// <param name="passes">Number of passes.</param>
    /// <param name="progress">Told of every run.</param>
    /// <param name="cancellation">Ends the work early.</param>
    public void Run(MaskedGradients session, ImageSet images, PathMasks masks, int first, int passes, Action<int>? progress, CancellationToken cancellation)
    {
        var (batch, d) = (session.Batch, masks.Components);
        for (var at = 0; at < images.Count; at += batch)
        {
            var count = session.Load(images, at);
            for (var pass = first; pass < first + passes; pass++)
            {
                cancellation.ThrowIfCancellationRequested();
                var (example, number) = (at, pass);
                Parallel.For(0, batch, i => masks.Fill(example + Math.Min(i, count - 1), number, session.Masks.AsSpan(i * d, d)));
                session.Run((_, gradients) => Add(example, count, session.Masks, gradients));
                progress?.Invoke(count);
            }
        }
    }

    /// <summary>Mean effects, [examples][components]; NaN where a component never stood in between.</summary>
    public float[][] Means() => [.. _sum.Select((row, e) => row.Select((s, j) => (float)(s / _count[e][j])).ToArray())];

    /// <summary>Their standard errors.</summary>
    public float[][] StandardErrors() => [.. _sum.Select((row, e) => row.Select((s, j) =>
    {
        var n = _count[e][j];
        return n < 2 ? float.NaN : (float)Math.Sqrt(Math.Max(0, _squares[e][j] - s * s / n) / (n - 1) / n);
    }).ToArray())];

    void Add(int first, int count, float[] masks, ReadOnlySpan<float> gradients)
    {
        for (var i = 0; i < count; i++)
        {
            var (sum, squares, counts) = (_sum[first + i], _squares[first + i], _count[first + i]);
            for (var j = 0; j < sum.Length; j++)
            {
                if (masks[i * sum.Length + j] == 1) continue;
                double g = gradients[i * sum.Length + j];
                sum[j] += g;
                squares[j] += g * g;
                counts[j]++;
            }
        }
    }
}
