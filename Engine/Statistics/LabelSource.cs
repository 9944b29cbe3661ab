using System.Text.Json.Serialization;

namespace OnnxEdit.Engine.Statistics;

/// <summary>Where the classes of calibration images come from.</summary>
public enum LabelSource
{
    /// <summary>Labels of the data; images without one belong to no class.</summary>
    [JsonStringEnumMemberName("data")]
    Data,

    /// <summary>The data has no labels: each image belongs to the class the model itself predicts.</summary>
    [JsonStringEnumMemberName("predictions")]
    Predictions,
}
