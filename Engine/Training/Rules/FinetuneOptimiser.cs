using System.Text.Json.Serialization;

namespace OnnxEdit.Engine.Training.Rules;

/// <summary>How weights follow their gradients in a fine-tuning.</summary>
public enum FinetuneOptimiser
{
    /// <summary><see cref="Rules.Adam"/>.</summary>
    [JsonStringEnumMemberName("adam")]
    Adam,

    /// <summary><see cref="GradientDescent"/>, with momentum.</summary>
    [JsonStringEnumMemberName("sgd")]
    Sgd,

    /// <summary><see cref="OrthogonalMomentum"/> for the weights of layers, <see cref="Rules.Adam"/> for the rest.</summary>
    [JsonStringEnumMemberName("muon")]
    Muon,
}
