using Microsoft.ML.OnnxRuntime;

namespace OnnxEdit.Surgery.Model;

/// <summary>
/// Where the sessions that run over data are executed. Tracing and folding stay on the CPU: their graphs are run once
/// and are small, and shapes do not depend on the device.
/// </summary>
public static class OrtDevice
{
    /// <summary>True sends every session made from now on to the first CUDA device.</summary>
    public static bool UseCuda { get; set; }

    /// <summary>True when this build has ONNX Runtime's CUDA provider (MSBuild switch -p:Gpu=true).</summary>
    public static bool HasCuda
    {
        get
        {
            _ = OrtRuntime.Version; // The runtime starts with the project's settings before anything else asks it.
            return OrtEnv.Instance().GetAvailableProviders().Contains("CUDAExecutionProvider");
        }
    }

    /// <summary>Adds the chosen device to a session's options.</summary>
    /// <param name="options">The options.</param>
    /// <exception cref="OnnxSurgeryException">CUDA was chosen and does not start: no device, no driver, or its libraries are missing.</exception>
    public static void AddTo(SessionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!UseCuda) return;
        try
        {
            options.AppendExecutionProvider_CUDA(0);
        }
        catch (OnnxRuntimeException e)
        {
            throw new OnnxSurgeryException($"CUDA does not start: {OrtRuntime.FirstLine(e.Message)} Check driver and libraries, or leave out --device cuda.", e);
        }
    }
}
