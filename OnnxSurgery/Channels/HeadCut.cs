using System.Text.Json.Serialization;

namespace OnnxEdit.Surgery.Channels;

/// <summary>
/// What is cut where an attention splits channels into heads. A tensor [tokens, heads, dimensions] must stay
/// rectangular, so one model is cut along one of the two.
/// </summary>
public enum HeadCut
{
    /// <summary>The same dimensions of every head; finer steps.</summary>
    [JsonStringEnumMemberName("dims")]
    Dimensions,

    /// <summary>Whole heads; coarser steps, and the dimensions of a head stay what kernels like.</summary>
    [JsonStringEnumMemberName("heads")]
    Heads,
}
