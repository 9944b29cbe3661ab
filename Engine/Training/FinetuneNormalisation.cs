using System.Text.Json.Serialization;

namespace OnnxEdit.Engine.Training;

/// <summary>What happens to the means and variances that batch normalisations have stored.</summary>
public enum FinetuneNormalisation
{
    /// <summary>They stay, and are used in training as in inference.</summary>
    [JsonStringEnumMemberName("frozen")]
    Frozen,

    /// <summary>As <see cref="Frozen"/>; after training they are measured anew on training images, and kept if the validation loss falls.</summary>
    [JsonStringEnumMemberName("reestimate")]
    Reestimate,

    /// <summary>Training uses those of each batch, gradient included; the stored ones follow.</summary>
    [JsonStringEnumMemberName("train")]
    Train,
}
