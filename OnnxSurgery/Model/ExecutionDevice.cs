namespace OnnxEdit.Surgery.Model;

/// <summary>Where the sessions that run over data are executed.</summary>
public enum ExecutionDevice
{
    /// <summary>The processor.</summary>
    Cpu,

    /// <summary>The first CUDA device; needs a build with ONNX Runtime's CUDA provider (MSBuild switch -p:Gpu=true).</summary>
    Cuda,
}
