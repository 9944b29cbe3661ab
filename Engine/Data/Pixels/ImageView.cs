namespace OnnxEdit.Engine.Data.Pixels;

/// <summary>How an image is seen anew: mirrored or not, then moved by fractions of its sides, the edge continued.</summary>
/// <param name="IsMirrored">Left and right are swapped.</param>
/// <param name="Down">Rows that it moves down by, in 32nds of the height.</param>
/// <param name="Right">Columns that it moves right by, in 32nds of the width.</param>
readonly record struct ImageView(bool IsMirrored, int Down, int Right)
{
    /// <summary>The views that an edit is made on, the image itself first.</summary>
    public static IReadOnlyList<ImageView> Edited { get; } =
        [.. new[] { false, true }.SelectMany(m => new[] { (0, 0), (2, 0), (-2, 0), (0, 2), (0, -2) }.Select(s => new ImageView(m, s.Item1, s.Item2)))];

    /// <summary>Other views, on which it is measured whether an edit is followed: moved diagonally by one, straight by three, and these mirrored.</summary>
    public static IReadOnlyList<ImageView> Unseen { get; } =
    [
        .. new[] { false, true }.SelectMany(m => new[] { (1, 1), (1, -1), (-1, 1), (-1, -1), (3, 0), (-3, 0), (0, 3), (0, -3) }.Select(s => new ImageView(m, s.Item1, s.Item2))),
    ];
}
