using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace OnnxEdit.Engine.Alignment;

/// <summary>Names the processor, so that measurements of another one are not taken for its own.</summary>
static class CpuModel
{
    static readonly string[] _fields = ["model name", "cpu family", "model", "stepping", "CPU implementer", "CPU part"];

    /// <summary>Model, family and vector width in one line.</summary>
    public static string Name { get; } = Find();

    static string Find()
    {
        // Cloud machines all say "AMD EPYC" or the like; family and model tell them apart.
        var name = FromLinux() ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? RuntimeInformation.OSDescription;
        var bits = Vector512.IsHardwareAccelerated ? 512 : 8 * Vector<byte>.Count;
        return $"{name}, {RuntimeInformation.ProcessArchitecture}, {bits}-bit vectors";
    }

    static string? FromLinux()
    {
        const string file = "/proc/cpuinfo";
        try
        {
            if (!File.Exists(file)) return null;
            var first = File.ReadLines(file).TakeWhile(line => line.Length > 0)
                .Select(line => line.Split(':', 2, StringSplitOptions.TrimEntries))
                .Where(parts => parts.Length == 2 && _fields.Contains(parts[0]))
                .ToDictionary(parts => parts[0], parts => parts[1]);
            var found = _fields.Where(first.ContainsKey).Select(field => first[field]).ToArray();
            return found.Length > 0 ? string.Join(' ', found) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
