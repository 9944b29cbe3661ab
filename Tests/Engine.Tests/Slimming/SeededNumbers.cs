namespace OnnxEdit.Engine.Tests;

/// <summary>Seeded random numbers for tests of numerics.</summary>
sealed class SeededNumbers(int seed)
{
    readonly Random _random = new(seed);

    internal double Normal() => Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());

    internal double[][] Matrix(int rows, int columns) =>
        [.. Enumerable.Range(0, rows).Select(_ => Enumerable.Range(0, columns).Select(_ => Normal()).ToArray())];

    /// <summary>X X' / columns + ridge, positive definite.</summary>
    internal double[][] Gram(int k, double ridge = 0.1)
    {
        var x = Matrix(k, k + 3);
        var gram = x.Select(a => x.Select(b => a.Zip(b, (u, v) => u * v).Sum() / (k + 3)).ToArray()).ToArray();
        for (var i = 0; i < k; i++) gram[i][i] += ridge;
        return gram;
    }

    internal float[] Floats(long count) => [.. Enumerable.Range(0, (int)count).Select(_ => (float)Normal())];

    internal float[,] Floats(int rows, int columns)
    {
        var values = new float[rows, columns];
        for (var i = 0; i < rows; i++)
            for (var j = 0; j < columns; j++) values[i, j] = (float)Normal();
        return values;
    }
}
