using OnnxEdit.Engine.Data;

namespace OnnxEdit.Engine.Tasks.Dense;

/// <summary>How an output's pixels lie over those of a picture.</summary>
/// <param name="Share">It is smaller by this.</param>
/// <param name="Times">It is larger by this.</param>
/// <param name="IsKnown">Whether declarations say so; else both sizes are open.</param>
/// <param name="Pixels">Its shorter side; -1: open.</param>
readonly record struct DenseScale(int Share, int Times, bool IsKnown, long Pixels)
{
    // A map is smaller than its picture by this at most, and larger, where it is a picture of higher resolution.
    const int Coarsest = 16, Finest = 4;

    /// <summary>Compares two declared axes of a picture with two of an output.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="pictureRows">The axis of its rows; that of its columns follows.</param>
    /// <param name="output">The output.</param>
    /// <param name="outputRows">The axis that may be its rows.</param>
    /// <returns>Null where they do not lie over one another.</returns>
    public static DenseScale? Of(DeclaredTensor picture, int pictureRows, DeclaredTensor output, int outputRows)
    {
        var (first, second) = (Along(picture, pictureRows, output, outputRows), Along(picture, pictureRows + 1, output, outputRows + 1));
        if (first is not { } rows || second is not { } columns) return null;
        if (rows.IsKnown && columns.IsKnown && (rows.Share, rows.Times) != (columns.Share, columns.Times)) return null;
        var known = rows.IsKnown ? rows : columns;
        return known with { IsKnown = rows.IsKnown && columns.IsKnown, Pixels = Math.Min(rows.Pixels, columns.Pixels) };
    }

    static DenseScale? Along(DeclaredTensor picture, int axis, DeclaredTensor output, int outputAxis)
    {
        var (own, other) = (picture.Shape[axis], output.Shape[outputAxis]);
        if (own < 0 || other < 0)
        {
            var isSame = picture.AxisNames.ElementAtOrDefault(axis) is { } name && name == output.AxisNames.ElementAtOrDefault(outputAxis);
            return own < 0 && other < 0 ? new DenseScale(1, 1, isSame, -1) : null;
        }
        for (var share = 1; share <= Coarsest; share *= 2)
            if (other == (own + share - 1) / share && (share == 1 || other > 1)) return new DenseScale(share, 1, true, other);
        for (var times = 2; times <= Finest; times++)
            if (other == own * times) return new DenseScale(1, times, true, other);
        return null;
    }
}
