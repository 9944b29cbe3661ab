using System.Text.Json.Serialization;

namespace OnnxEdit.Kernels.Witness;

/// <summary>How a channel's scores for the classes become one number.</summary>
public enum ClassAggregation
{
    /// <summary>
    /// Largest over classes: a channel goes only if it is discriminative for no class. The default; keeps specialists.
    /// </summary>
    [JsonStringEnumMemberName("max")]
    Max,

    /// <summary>Smallest over classes, as in DisCEdit's code: specialists look as useless as noise.</summary>
    [JsonStringEnumMemberName("min")]
    Min,

    /// <summary>Mean over classes.</summary>
    [JsonStringEnumMemberName("mean")]
    Mean,
}
