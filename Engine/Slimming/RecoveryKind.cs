using System.Text.Json.Serialization;

namespace OnnxEdit.Engine.Slimming;

/// <summary>What is done to the weights that are left after channels were removed.</summary>
public enum RecoveryKind
{
    /// <summary>Sequential least squares with pair refinement, see <see cref="LeastSquaresRecovery"/>.</summary>
    [JsonStringEnumMemberName("ls")]
    LeastSquares = 2,

    /// <summary>Mean and spread of every channel are matched to the original's (batch-norm re-estimation, also for folded exports).</summary>
    [JsonStringEnumMemberName("bn")]
    BatchNorm = 1,

    /// <summary>Nothing: the slim model equals the original with the removed channels masked to zero.</summary>
    [JsonStringEnumMemberName("none")]
    None = 0,
}
