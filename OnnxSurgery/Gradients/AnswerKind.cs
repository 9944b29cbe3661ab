using System.Text.Json.Serialization;

namespace OnnxEdit.Surgery.Gradients;

/// <summary>The number per example that attributions explain.</summary>
public enum AnswerKind
{
    /// <summary>The logit of the example's class less the largest other one (Shah et al., 2024).</summary>
    [JsonStringEnumMemberName("margin")]
    Margin,

    /// <summary>log(p / (1 - p)) of the class's probability p.</summary>
    [JsonStringEnumMemberName("log-odds")]
    LogOdds,

    /// <summary>The logit of the class.</summary>
    [JsonStringEnumMemberName("logit")]
    Logit,

    /// <summary>Cross-entropy, -log p.</summary>
    [JsonStringEnumMemberName("loss")]
    Loss,
}
