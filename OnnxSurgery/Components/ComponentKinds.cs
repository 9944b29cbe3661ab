using System.Text.Json.Serialization;

namespace OnnxEdit.Surgery.Components;

/// <summary>What counts as a component of a network; several may be asked for at once.</summary>
[Flags]
public enum ComponentKinds
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Output filters of convolutions (Shah et al., 2024, "Decomposing and Editing Predictions by Modeling Model Computation").</summary>
    [JsonStringEnumMemberName("filters")]
    Filters = 1,

    /// <summary>Outputs of linear layers (Gemm, MatMul with constant weights).</summary>
    [JsonStringEnumMemberName("units")]
    Units = 2,

    /// <summary>Outputs of linear layers that an activation function follows: the hidden neurons of an MLP.</summary>
    [JsonStringEnumMemberName("neurons")]
    Neurons = 4,

    /// <summary>Attention heads: a head's share of the product of attention weights and values.</summary>
    [JsonStringEnumMemberName("heads")]
    Heads = 8,

    /// <summary>Channels of a residual stream: of sums of two branches of equal shape, along axis 1 of images and the last one of sequences.</summary>
    [JsonStringEnumMemberName("channels")]
    Channels = 16,
}
