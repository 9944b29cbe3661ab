using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>Real models and images, for those who have them: the folder that ONNXEDIT_SHARED names.</summary>
static class SharedData
{
    /// <summary>A file or folder in it; skips the test when it is not there.</summary>
    internal static string Require(params string[] parts)
    {
        var root = Environment.GetEnvironmentVariable("ONNXEDIT_SHARED");
        Assert.SkipWhen(string.IsNullOrEmpty(root), "ONNXEDIT_SHARED is not set: it names the folder with real models and data.");
        var path = Path.Combine([root!, .. parts]);
        Assert.SkipUnless(Path.Exists(path), $"There is no '{path}'.");
        return path;
    }
}
