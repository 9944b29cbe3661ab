using System.CommandLine;
using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Engine;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Cli;

/// <summary>The --device option, and the one place that knows whether this build can serve it.</summary>
static class Device
{
    internal const string Cpu = "cpu";

    internal static Option<string> Option() => Numbers.OneOf("--device", [Cpu, "cuda"], Cpu, "Where models run: cpu or cuda");

    /// <summary>Sends models to a device.</summary>
    /// <exception cref="OnnxEngineException">This build has no runtime for it, or it does not start.</exception>
    internal static void Choose(string device)
    {
        OrtDevice.UseCuda = device != Cpu;
        if (!OrtDevice.UseCuda) return;
        if (!OrtDevice.HasCuda)
            throw new OnnxEngineException(
                ErrorKind.Usage, "This build of onnxedit has no CUDA; rebuild it with -p:Gpu=true, or leave out --device cuda.");
        try
        {
            using var trial = new SessionOptions();
            OrtDevice.AddTo(trial);
        }
        catch (OnnxSurgeryException inner)
        {
            throw new OnnxEngineException(ErrorKind.Usage, inner.Message, inner);
        }
    }
}
