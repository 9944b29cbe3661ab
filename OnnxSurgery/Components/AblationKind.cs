using System.Text.Json.Serialization;

namespace OnnxEdit.Surgery.Components;

/// <summary>What takes the place of an ablated component.</summary>
public enum AblationKind
{
    /// <summary>Its weights are zero; bias and normalisation stay, so that it becomes a constant (Shah et al., 2024). Heads have no weights of their own and become zero.</summary>
    [JsonStringEnumMemberName("zero-weight")]
    ZeroWeight,

    /// <summary>Zero, behind its normalisation where it has one.</summary>
    [JsonStringEnumMemberName("zero")]
    Zero,

    /// <summary>Its mean over images.</summary>
    [JsonStringEnumMemberName("mean")]
    Mean,
}
