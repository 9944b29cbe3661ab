using System.Text.Json.Serialization;

namespace OnnxEdit.Kernels.Moments;

/// <summary>Which scalar summarises a channel's map for one image.</summary>
enum PooledFeature
{
    /// <summary>Mean over positions (global average pooling).</summary>
    [JsonStringEnumMemberName("mean")]
    Mean,

    /// <summary>L2 norm over positions, the feature that DisCEdit uses for class forgetting.</summary>
    [JsonStringEnumMemberName("norm")]
    Norm,

    /// <summary>Largest value over positions.</summary>
    [JsonStringEnumMemberName("max")]
    Max,
}
