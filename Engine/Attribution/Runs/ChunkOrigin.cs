using System.Globalization;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using OnnxEdit.Engine.Alignment;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Attribution.Runs;

/// <summary>Where a chunk was run. Other processors and other versions may give other last bits.</summary>
static class ChunkOrigin
{
    /// <summary>Name of this machine.</summary>
    public static string Host { get; } = string.Concat(Environment.MachineName.Select(c => char.IsAsciiLetterOrDigit(c) || c == '-' ? c : '_'));

    /// <summary>Facts for the head of a chunk.</summary>
    public static IReadOnlyDictionary<string, string> Facts => new Dictionary<string, string>(EngineVersions.Current)
    {
        ["host"] = Host,
        ["process"] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
        ["cpu"] = CpuModel.Name,
        ["cpu_flags"] = string.Join(' ', Flags()),
        ["device"] = ExecutionOptions.Current.DeviceName,
    };

    static IEnumerable<string> Flags()
    {
        if (Avx2.IsSupported) yield return "avx2";
        if (Fma.IsSupported) yield return "fma";
        if (Avx512F.IsSupported) yield return "avx512f";
        if (Avx512Vbmi.IsSupported) yield return "avx512vbmi";
        if (AdvSimd.IsSupported) yield return "neon";
        if (Dp.IsSupported) yield return "dotprod";
    }
}
