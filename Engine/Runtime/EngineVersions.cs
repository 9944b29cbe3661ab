using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Runtime;

/// <summary>The versions that the bytes of an edited model depend on, for its history.</summary>
static class EngineVersions
{
    /// <summary>"onnxedit" and "onnxruntime".</summary>
    public static IReadOnlyDictionary<string, string> Current => new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        ["onnxedit"] = typeof(EngineVersions).Assembly.GetName().Version!.ToString(3),
        ["onnxruntime"] = OrtRuntime.Version,
    };
}
