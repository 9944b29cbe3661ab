namespace OnnxEdit.Kernels.Moments;

/// <summary>Which scalar summarises a channel's map for one image.</summary>
public enum PooledFeature
{
    /// <summary>Mean over positions (global average pooling).</summary>
    Mean,

    /// <summary>L2 norm over positions, the feature that DisCEdit uses for class forgetting.</summary>
    Norm,

    /// <summary>Largest value over positions.</summary>
    Max,
}
