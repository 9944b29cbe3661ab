namespace OnnxEdit.Engine.Data.Pixels;

/// <summary>The filter that resizes an image; the values are the ones image tools write into JSON files.</summary>
public enum Resampling
{
    /// <summary>The nearest pixel.</summary>
    Nearest = 0,

    /// <summary>Lanczos over three lobes.</summary>
    Lanczos = 1,

    /// <summary>Linear, widened when shrinking so that no pixel is skipped.</summary>
    Bilinear = 2,

    /// <summary>Cubic (a = -0.5), widened when shrinking.</summary>
    Bicubic = 3,

    /// <summary>Mean over the area.</summary>
    Box = 4,
}
