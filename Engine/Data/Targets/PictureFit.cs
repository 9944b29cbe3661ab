namespace OnnxEdit.Engine.Data.Targets;

/// <summary>Where a stored picture lies in the input that the model gets: input = stored * scale + offset, in pixels from the upper left corner.</summary>
/// <param name="ScaleX">Pixels of the input per stored one, along a row.</param>
/// <param name="ScaleY">The same down a column.</param>
/// <param name="OffsetX">Where the picture's left edge lies: above 0 behind a border, below where a crop takes part of it away.</param>
/// <param name="OffsetY">Where its upper edge lies.</param>
readonly record struct PictureFit(double ScaleX, double ScaleY, double OffsetX, double OffsetY)
{
    /// <summary>Pictures that are given to the model as they are.</summary>
    public static PictureFit Same { get; } = new(1, 1, 0, 0);

    /// <summary>A box of the model's input as one of the stored picture.</summary>
    public Box ToStored(Box box) =>
        new((box.Left - OffsetX) / ScaleX, (box.Top - OffsetY) / ScaleY, (box.Right - OffsetX) / ScaleX, (box.Bottom - OffsetY) / ScaleY);
}
