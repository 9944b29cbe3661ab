using System.Diagnostics;
using Xunit;

namespace OnnxEdit.EndToEnd;

public sealed class SlimInterruptTests(SlimSample sample)
{
    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public async Task Ctrl_c_leaves_nothing_behind(int seconds)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no signals to send to another process.");
        var folder = Directory.CreateDirectory(sample.New("")).FullName;
        var temporary = Directory.CreateDirectory(Path.Combine(folder, "tmp")).FullName;
        var output = Path.Combine(folder, "x.onnx");
        using var process = CliRunner.Start(
            ["slim", sample.Model, "--max-drop", "1", "--align", "1", "-o", output], env: new Dictionary<string, string> { ["TMPDIR"] = temporary });
        var cancellation = TestContext.Current.CancellationToken;
        var words = process.StandardOutput.ReadToEndAsync(cancellation);
        // Before its first words it may not be listening yet, on a busy machine.
        var first = await process.StandardError.ReadLineAsync(cancellation);
        // The search recovers six times over, which takes far longer than this on any machine.
        await Task.Delay(TimeSpan.FromSeconds(seconds), cancellation);
        Process.Start("kill", ["-INT", $"{process.Id}"]).WaitForExit();
        var rest = first + await process.StandardError.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        Assert.Equal(130, process.ExitCode);
        Assert.Contains("interrupted", rest, StringComparison.Ordinal);
        Assert.Equal("", await words);
        Assert.Equal([temporary], Directory.GetFileSystemEntries(folder));
        // The runtime's own sockets may stand there; ours start with the program's name.
        Assert.Empty(Directory.GetFileSystemEntries(temporary, "onnxedit*"));
    }
}
