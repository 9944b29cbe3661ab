using System.Diagnostics;
using Xunit;

namespace OnnxEdit.EndToEnd;

public sealed class SlimInterruptTests(SlimSample sample)
{
    // While the activations of the first tensor are stored, and while those of the twelfth are; the search stores many more.
    [Theory]
    [InlineData(1)]
    [InlineData(12)]
    public async Task Ctrl_c_leaves_nothing_behind(int stored)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no signals to send to another process.");
        var folder = Directory.CreateDirectory(sample.New("")).FullName;
        var temporary = Directory.CreateDirectory(Path.Combine(folder, "tmp")).FullName;
        var output = Path.Combine(folder, "x.onnx");
        using var watch = new FolderWatch(temporary, name => name.StartsWith("onnxedit-", StringComparison.Ordinal), stored);
        using var process = CliRunner.Start(
            ["slim", sample.Model, "--max-drop", "1", "--align", "1", "-o", output], env: new Dictionary<string, string> { ["TMPDIR"] = temporary });
        var cancellation = TestContext.Current.CancellationToken;
        var words = process.StandardOutput.ReadToEndAsync(cancellation);
        var errors = process.StandardError.ReadToEndAsync(cancellation);
        await watch.SeenAsync(process, cancellation);
        Process.Start("kill", ["-INT", $"{process.Id}"]).WaitForExit();
        var rest = await errors;
        await process.WaitForExitAsync(cancellation);
        Assert.Equal(130, process.ExitCode);
        Assert.Contains("interrupted", rest, StringComparison.Ordinal);
        Assert.Equal("", await words);
        Assert.Equal([temporary], Directory.GetFileSystemEntries(folder));
        // The runtime's own sockets may stand there; ours start with the program's name.
        Assert.Empty(Directory.GetFileSystemEntries(temporary, "onnxedit*"));
    }
}
