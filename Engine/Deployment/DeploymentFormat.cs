using System.Text.Json.Serialization;

namespace OnnxEdit.Engine.Deployment;

/// <summary>The server a repository is written for. The layout is the same for all; some want a file more.</summary>
public enum DeploymentFormat
{
    /// <summary>NVIDIA Triton; also onnxedit serve.</summary>
    [JsonStringEnumMemberName("triton")]
    Triton,

    /// <summary>OpenVINO model server: a config.json that lists the repository's models.</summary>
    [JsonStringEnumMemberName("ovms")]
    Ovms,

    /// <summary>The server kibae/onnxruntime-server: no further file.</summary>
    [JsonStringEnumMemberName("onnxruntime-server")]
    OnnxruntimeServer,

    /// <summary>KServe: an InferenceService for the cluster.</summary>
    [JsonStringEnumMemberName("kserve")]
    KServe,
}
