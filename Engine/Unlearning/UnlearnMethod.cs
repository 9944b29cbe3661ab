using System.Text.Json.Serialization;

namespace OnnxEdit.Engine.Unlearning;

/// <summary>How a class is made to be forgotten.</summary>
public enum UnlearnMethod
{
    /// <summary>The last linear unit of the body is re-fitted in closed form.</summary>
    [JsonStringEnumMemberName("refit")]
    Refit,

    /// <summary>Channels that tell the class apart are set to zero, as in DisCEdit-U; nothing is re-fitted.</summary>
    [JsonStringEnumMemberName("discedit-u")]
    DisceditU,

    /// <summary>The class's logit is made small in the head. That hides the class and forgets nothing; for comparison.</summary>
    [JsonStringEnumMemberName("suppress-logit")]
    SuppressLogit,
}
