using System.CommandLine;
using OnnxEdit.Engine;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Cli;

/// <summary>The --device option, and the one place that knows whether this build can serve it.</summary>
static class Device
{
    internal const string Cpu = "cpu", Cuda = "cuda";

    internal static Option<string> Option() => Numbers.OneOf("--device", [Cpu, Cuda], Cpu, "Where models run: cpu or cuda");

    /// <summary>The device of a name, when models run on it.</summary>
    /// <exception cref="OnnxEngineException">This build has no runtime for it, or it does not start.</exception>
    internal static ExecutionDevice Require(string name)
    {
        if (name == Cpu) return ExecutionDevice.Cpu;
        if (!OrtRuntime.HasCuda)
            throw new OnnxEngineException(
                ErrorKind.Usage, "This build of onnxedit has no CUDA; rebuild it with -p:Gpu=true, or leave out --device cuda.");
        try
        {
            using var device = ExecutionOptions.Enter(new ExecutionOptions { Device = ExecutionDevice.Cuda });
            using var trial = OrtRuntime.CreateOptions();
        }
        catch (OnnxSurgeryException inner)
        {
            throw new OnnxEngineException(ErrorKind.Usage, inner.Message, inner);
        }
        return ExecutionDevice.Cuda;
    }
}
