using System.Text.Json.Serialization;

namespace OnnxEdit.Engine.Data.Pixels;

/// <summary>Where the channel axis of an image stands.</summary>
public enum PixelLayout
{
    /// <summary>Channels first: one plane per channel.</summary>
    [JsonStringEnumMemberName("nchw")]
    Nchw,

    /// <summary>Channels last: the channels of a pixel lie together.</summary>
    [JsonStringEnumMemberName("nhwc")]
    Nhwc,
}
