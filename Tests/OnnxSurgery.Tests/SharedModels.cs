using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>Real models outside the repository: the folder that the environment variable ONNXEDIT_SHARED names.</summary>
static class SharedModels
{
    /// <summary>All .onnx files, or none when the variable is unset.</summary>
    public static IReadOnlyList<string> All()
    {
        var folder = Environment.GetEnvironmentVariable("ONNXEDIT_SHARED");
        return folder is null ? [] : [.. Directory.EnumerateFiles(Path.Combine(folder, "models"), "*.onnx", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
    }

    /// <summary>The path of one model, "resnet20_cifar10.onnx" or "zoo/mnist-8.onnx"; skips the test when there is none.</summary>
    public static string Find(string name)
    {
        var folder = Environment.GetEnvironmentVariable("ONNXEDIT_SHARED");
        if (folder is null) Assert.Skip("Set ONNXEDIT_SHARED to the folder that holds the real models.");
        var path = Path.Combine(folder, "models", name);
        if (!File.Exists(path)) Assert.Skip($"'{path}' is not there.");
        return path;
    }
}
