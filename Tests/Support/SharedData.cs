using Xunit;

namespace OnnxEdit.Tests.Support;

/// <summary>Real models and images, for those who have them: the folder that ONNXEDIT_SHARED names.</summary>
public static class SharedData
{
    /// <summary>A file or folder in it; skips the test when it is not there.</summary>
    public static string Require(params string[] parts)
    {
        Assert.SkipWhen(Root is null, "ONNXEDIT_SHARED is not set: it names the folder with real models and data.");
        var path = Path.Combine([Root!, .. parts]);
        Assert.SkipUnless(Path.Exists(path), $"There is no '{path}'.");
        return path;
    }

    /// <summary>One model, "resnet20_cifar10.onnx" or "zoo/mnist-8.onnx"; skips the test when it is not there.</summary>
    public static string Model(string name) => Require("models", name);

    /// <summary>All .onnx files, or none when the variable is unset.</summary>
    public static IReadOnlyList<string> Models() =>
        Root is null ? [] : [.. Directory.EnumerateFiles(Path.Combine(Root, "models"), "*.onnx", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    static string? Root => Environment.GetEnvironmentVariable("ONNXEDIT_SHARED") is { Length: > 0 } root ? root : null;
}
