using Google.Protobuf;
using Xunit;

namespace OnnxEdit.EndToEnd;

public sealed class StatsTests
{
    /// <summary>A colour folder whose model has channels to measure; its weights are random.</summary>
    static ColourFolder Folder()
    {
        var folder = new ColourFolder();
        var b = new GraphBuilder(2);
        var maps = b.Relu(b.Conv(b.Input("input", 3, 32, 32), 6, stride: 2));
        File.WriteAllBytes(folder.Model, b.Build(b.Gemm(b.Flatten(b.GlobalAveragePool(b.Relu(b.Conv(maps, 4)))), 3)).ToByteArray());
        return folder;
    }

    static CliResult Stats(ColourFolder folder, params string[] more) =>
        CliRunner.Run(["stats", folder.Model, "--data", folder.Data, .. ColourFolder.Normalisation.Split(' '), .. more]);

    [Fact]
    public void A_bundle_is_written_beside_the_model_and_said_so()
    {
        using var folder = Folder();
        var result = Stats(folder).Expect(0);
        var target = Path.ChangeExtension(folder.Model, ".moments");
        Assert.Contains("measured 2 points and 2 units on ", result.StdOut, StringComparison.Ordinal);
        Assert.Contains("classes from the data's labels.", result.StdOut, StringComparison.Ordinal);
        Assert.Contains($"wrote {target}, ", result.StdOut, StringComparison.Ordinal);
        Assert.Equal("PK"u8, File.ReadAllBytes(target).AsSpan(0, 2));
    }

    [Fact]
    public void The_json_result_says_what_was_measured_and_bytes_repeat()
    {
        using var folder = Folder();
        string Written(string name) => Path.Combine(folder.Root, name);
        var json = Stats(folder, "-o", Written("a.moments"), "--json").Expect(0).Json();
        Assert.Equal("onnxedit.stats/1", json.GetProperty("schema").GetString());
        Assert.Equal("data", json.GetProperty("labels").GetString());
        Assert.Equal(2, json.GetProperty("units").GetInt32());
        Assert.Equal(json.GetProperty("bytes").GetInt64(), new FileInfo(Written("a.moments")).Length);
        Stats(folder, "-o", Written("b.moments"), "-q").Expect(0);
        Assert.Equal(File.ReadAllBytes(Written("a.moments")), File.ReadAllBytes(Written("b.moments")));
    }

    [Fact]
    public void Data_without_labels_is_classified_by_the_model()
    {
        using var folder = Folder();
        var result = CliRunner.Run(["stats", folder.Model, "--data", "random:30"]).Expect(0);
        Assert.Contains("30 items, classes predicted by the model", result.StdOut, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_overwritten_without_force_and_the_model_never()
    {
        using var folder = Folder();
        var target = Path.ChangeExtension(folder.Model, ".moments");
        File.WriteAllText(target, "old");
        Assert.Contains("--force", Stats(folder).ExpectError(2), StringComparison.Ordinal);
        Assert.Equal("old", File.ReadAllText(target));
        Stats(folder, "--force").Expect(0);
        Assert.NotEqual("old", File.ReadAllText(target));
        Assert.Contains("belongs to the model", Stats(folder, "-o", folder.Model, "--force").ExpectError(2), StringComparison.Ordinal);
        Stats(folder, "-o", Path.Combine(folder.Root, "no", "x.moments")).ExpectError(2);
    }

    [Fact]
    public void A_model_without_removable_channels_is_nothing_to_measure()
    {
        using var folder = new ColourFolder();
        Assert.Contains("nothing to measure", Stats(folder).ExpectError(5), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.ChangeExtension(folder.Model, ".moments")));
    }

    [Fact]
    public void The_sample_can_be_measured()
    {
        using var folder = new ColourFolder();
        var sample = Path.Combine(folder.Root, "sample");
        CliRunner.Run(["sample", sample]).Expect(0);
        var json = CliRunner.Run(["stats", "--calibration", "200", "--json"], sample).Expect(0).Json();
        Assert.Equal(200, json.GetProperty("images").GetInt32());
        Assert.True(json.GetProperty("units").GetInt32() >= 5);
    }
}
