using System.Text.Json.Serialization;

namespace OnnxEdit.Engine.Data.Pixels;

/// <summary>The filter that resizes an image; the values are the ones image tools write into JSON files.</summary>
public enum Resampling
{
    /// <summary>The nearest pixel.</summary>
    [JsonStringEnumMemberName("nearest")]
    Nearest = 0,

    /// <summary>Lanczos over three lobes.</summary>
    [JsonStringEnumMemberName("lanczos")]
    Lanczos = 1,

    /// <summary>Linear, widened when shrinking so that no pixel is skipped.</summary>
    [JsonStringEnumMemberName("bilinear")]
    Bilinear = 2,

    /// <summary>Cubic (a = -0.5), widened when shrinking.</summary>
    [JsonStringEnumMemberName("bicubic")]
    Bicubic = 3,

    /// <summary>Mean over the area.</summary>
    [JsonStringEnumMemberName("box")]
    Box = 4,
}
