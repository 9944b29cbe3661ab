using System.Diagnostics;
using Xunit;

namespace OnnxEdit.EndToEnd;

public sealed class BenchTests
{
    [Fact]
    public void A_model_is_as_fast_as_itself()
    {
        using var folder = new ColourFolder();
        var json = CliRunner.Run(["bench", folder.Model, folder.Model, "--seconds", "0.3", "--json"]).Expect(0).Json();
        Assert.Equal("onnxedit.bench/1", json.GetProperty("schema").GetString());
        var results = json.GetProperty("results").EnumerateArray().ToArray();
        Assert.Equal([1, 32], results.Select(result => result.GetProperty("batch").GetInt32()));
        foreach (var result in results)
        {
            Assert.InRange(result.GetProperty("speedUp").GetProperty("median").GetDouble(), 0.5, 2);
            Assert.True(result.GetProperty("pairs").GetInt32() >= 30);
        }
    }

    [Fact]
    public void One_model_alone_gets_its_times_and_throughput()
    {
        using var folder = new ColourFolder();
        var output = CliRunner.Run(["bench", folder.Model, "--batch", "4", "--seconds", "0.1", "--threads", "1"]).Expect(0).StdOut;
        Assert.Contains("items/s", output, StringComparison.Ordinal);
        Assert.Contains("1 thread", output, StringComparison.Ordinal);
        Assert.DoesNotContain("speed-up", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_interrupt_ends_with_130()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no signals to send.");
        using var folder = new ColourFolder();
        using var process = CliRunner.Start(["bench", folder.Model, "--seconds", "100"]);
        // It times and says so.
        Assert.StartsWith("timing batch 1", await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        using (var kill = Process.Start("kill", ["-INT", $"{process.Id}"])!) kill.WaitForExit();
        Assert.True(process.WaitForExit(20_000));
        Assert.Equal(130, process.ExitCode);
    }
}
