using Xunit;

namespace OnnxEdit.EndToEnd;

public sealed class SampleCommandTests
{
    [Fact]
    public void The_sample_can_be_written_and_measured_at_once()
    {
        using var folder = new ColourFolder();
        var sample = Path.Combine(folder.Root, "demo");
        CliRunner.Run(["sample", sample]).Expect(0);
        var json = CliRunner.Run("eval --json", sample).Expect(0).Json();
        // 1,889 of 2,000 images; a tie may fall otherwise on another processor.
        Assert.Equal(0.9445, json.GetProperty("top1").GetDouble(), 0.001);
        Assert.Contains("--force", CliRunner.Run(["sample", sample]).ExpectError(2), StringComparison.Ordinal);
        CliRunner.Run(["sample", sample, "--force"]).Expect(0);
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_a_usage_error()
    {
        using var folder = new ColourFolder();
        CliRunner.Run(["sample", Path.Combine(folder.Model, "demo")]).ExpectError(2);
    }
}
