namespace OnnxEdit.Engine.Tasks.Detection;

/// <summary>Height and width of what a detector gets, in pixels; -1 where the model leaves it open.</summary>
sealed record InputSize(int Height, int Width)
{
    // Pixels per cell of the maps that detectors answer on, the finest first: the usual ones, with a coarser one (P6) or a finer one (P2).
    static readonly int[][] _strides = [[8, 16, 32], [8, 16, 32, 64], [4, 8, 16, 32]];

    /// <summary>Whether neither is open.</summary>
    public bool IsKnown => Height > 0 && Width > 0;

    /// <summary>The strides of the maps that have so many cells together, each answered so many times; null: no usual maps have.</summary>
    /// <param name="rows">Answers of the model to one picture.</param>
    /// <param name="perCell">How many of them belong to a cell.</param>
    public int[]? Strides(long rows, int perCell)
    {
        foreach (var strides in _strides)
            if (perCell * strides.Sum(stride => (long)Extent(Height, stride) * Extent(Width, stride)) == rows) return strides;
        return null;
    }

    /// <summary>The cells of these maps in the order of the answers: map after map, as often as a cell answers, row by row.</summary>
    public IEnumerable<(int X, int Y, int Stride)> Cells(int[] strides, int perCell)
    {
        foreach (var stride in strides.SelectMany(stride => Enumerable.Repeat(stride, perCell)))
            for (var y = 0; y < Extent(Height, stride); y++)
                for (var x = 0; x < Extent(Width, stride); x++)
                    yield return (x, y, stride);
    }

    static int Extent(int pixels, int stride) => (pixels + stride - 1) / stride;
}
