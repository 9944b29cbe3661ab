using Xunit;

namespace OnnxEdit.EndToEnd;

public sealed class InspectTests
{
    [Fact]
    public void The_facts_of_a_model_are_listed()
    {
        using var folder = new ColourFolder();
        var output = CliRunner.Run(["inspect", folder.Model]).Expect(0).StdOut;
        Assert.Contains("input float32 [N,3,32,32]", output, StringComparison.Ordinal);
        Assert.Contains("probabilities float32 [N,3]", output, StringComparison.Ordinal);
        Assert.Contains("ai.onnx 17", output, StringComparison.Ordinal);
        Assert.Contains("GlobalAveragePool", output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_json_result_counts_parameters_and_macs()
    {
        using var folder = new ColourFolder();
        var json = CliRunner.Run(["inspect", folder.Model, "--json"]).Expect(0).Json();
        Assert.Equal("onnxedit.inspect/1", json.GetProperty("schema").GetString());
        Assert.Equal(12, json.GetProperty("parameters").GetInt64());
        Assert.Equal(9, json.GetProperty("macs").GetInt64());
        Assert.Equal(4, json.GetProperty("nodes").GetInt32());
        Assert.Empty(json.GetProperty("history").EnumerateArray());
    }

    [Fact]
    public void Folded_and_unfolded_exports_differ_only_in_normalisation_parameters()
    {
        var folded = CliRunner.Run(["inspect", SharedData.Require("models", "resnet20_cifar10.onnx"), "--json"]).Expect(0).Json();
        var unfolded = CliRunner.Run(["inspect", SharedData.Require("models", "resnet20_cifar10_bn.onnx"), "--json"]).Expect(0).Json();
        Assert.Equal(folded.GetProperty("macs").GetInt64(), unfolded.GetProperty("macs").GetInt64());
        Assert.InRange(folded.GetProperty("macs").GetInt64(), 40_000_000, 42_000_000);
    }

    [Fact]
    public void The_alignment_table_is_kept_in_the_cache()
    {
        using var folder = new ColourFolder();
        var cache = Path.Combine(folder.Root, "cache");
        var env = new Dictionary<string, string> { ["XDG_CACHE_HOME"] = cache };
        var table = CliRunner.Run(["inspect", folder.Model, "--alignment"], env: env).Expect(0).StdOut;
        Assert.Contains("Best multiples on ", table, StringComparison.Ordinal);
        var kept = File.ReadAllBytes(Assert.Single(Directory.GetFiles(Path.Combine(cache, "onnxedit"))));
        var json = CliRunner.Run(["inspect", folder.Model, "--alignment", "--json"], env: env).Expect(0).Json();
        Assert.Contains(json.GetProperty("alignment").GetProperty("convolution").GetInt32(), (int[])[1, 4, 8, 16]);
        Assert.Equal(kept, File.ReadAllBytes(Assert.Single(Directory.GetFiles(Path.Combine(cache, "onnxedit")))));
    }
}
