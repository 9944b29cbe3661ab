using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>What slim says, or keeps to itself, where its data stands for less than it seems to.</summary>
public sealed class SlimCautionTests
{
    [Fact]
    public void Random_numbers_do_not_flatter_a_result()
    {
        using var folder = new ColourFolder();
        SlimDataTests.Write(folder, new GraphBuilder(2));
        var result = CliRunner.Run(["slim", folder.Model, "--sparsity", "0.3", "--data", "random:40", "--align", "1"]).Expect(0);
        Assert.DoesNotContain("difference %", result.StdOut, StringComparison.Ordinal);
        Assert.DoesNotContain("agreement %", result.StdOut, StringComparison.Ordinal);
        Assert.Contains("how far answers change is not shown: it was measured on random numbers", result.StdOut, StringComparison.Ordinal);
    }

    [Fact]
    public void Calibration_items_of_few_classes_are_said()
    {
        using var folder = new ColourFolder();
        // Thirty classes, of which pictures of three colours show few.
        var b = new GraphBuilder(7);
        var maps = b.Relu(b.Conv(b.Input("input", 3, 32, 32), 8, stride: 4, pads: 1));
        SignatureModels.Write(folder, b.Build(b.Gemm(b.Flatten(b.GlobalAveragePool(b.Relu(b.Conv(maps, 8, pads: 1)))), 30, name: "logits")));
        string[] slim = ["slim", folder.Model, "--sparsity", "0.2", "--align", "1", "--force"];
        Assert.Contains("The calibration items cover few of the classes that the model answers", CliRunner.Run([.. slim, "--data", folder.Data, .. ColourFolder.Normalisation.Split(' ')]).Expect(0).StdErr, StringComparison.Ordinal);
        // Random numbers stand for nothing anyway.
        Assert.DoesNotContain("cover few", CliRunner.Run([.. slim, "--data", "random:40"]).Expect(0).StdErr, StringComparison.Ordinal);
    }
}
