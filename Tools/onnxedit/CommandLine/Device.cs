using System.CommandLine;
using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Engine;
using OnnxEdit.Surgery;

namespace OnnxEdit.Cli;

/// <summary>The --device option, and the one place that knows whether this build can serve it.</summary>
static class Device
{
    internal const string Cpu = "cpu";

    internal static Option<string> Option() => Numbers.OneOf("--device", [Cpu, "cuda"], Cpu, "Where models run: cpu or cuda");

    /// <summary>Refuses a device that this build has no runtime for.</summary>
    internal static void Require(string device)
    {
        if (device == Cpu)
            return;
        _ = OrtRuntime.Version; // The runtime starts with the project's settings before anything else asks it.
        if (!OrtEnv.Instance().GetAvailableProviders().Contains("CUDAExecutionProvider"))
            throw new OnnxEngineException(
                ErrorKind.Usage, "This build of onnxedit has no CUDA; rebuild it with -p:Gpu=true, or leave out --device cuda.");
    }
}
