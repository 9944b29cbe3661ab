using System.Runtime.InteropServices;
using OnnxEdit.Engine.Alignment;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Reporting;

/// <summary>Where and with what a report was measured.</summary>
/// <param name="Versions">"onnxedit", "onnxruntime" and "dotnet".</param>
/// <param name="System">Operating system.</param>
/// <param name="Processor">Processor and its vector width.</param>
/// <param name="Cores">Logical processors that the program may use.</param>
/// <param name="Threads">Threads the models ran with; 0: as many as the runtime likes.</param>
/// <param name="Device">cpu or cuda.</param>
public sealed record ReportEnvironment(
    IReadOnlyDictionary<string, string> Versions, string System, string Processor, int Cores, int Threads, string Device)
{
    /// <summary>The run at hand on this machine.</summary>
    public static ReportEnvironment Current => new(
        new SortedDictionary<string, string>(EngineVersions.Current.ToDictionary(), StringComparer.Ordinal) { ["dotnet"] = Environment.Version.ToString() },
        RuntimeInformation.OSDescription, CpuModel.Name, Environment.ProcessorCount, ExecutionOptions.Current.Threads, ExecutionOptions.Current.DeviceName);
}
