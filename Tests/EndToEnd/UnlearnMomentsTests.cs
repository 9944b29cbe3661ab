using System.IO.Compression;
using System.Text.Json.Nodes;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>Forgetting from a statistics file, where no image is at hand.</summary>
public sealed class UnlearnMomentsTests(SlimSample fixture)
{
    SlimSample Sample => fixture.Whole;

    static readonly Lock _lock = new();
    static string? _moments;

    // Written once; nothing changes it.
    string Moments
    {
        get
        {
            lock (_lock)
            {
                if (_moments is not null) return _moments;
                var path = Sample.New(".moments");
                CliRunner.Run(["stats", Sample.Model, "-o", path, "-q"]).Expect(0);
                return _moments = path;
            }
        }
    }

    // Away from the onnxedit.json of the sample there is no data.
    string Bare()
    {
        var folder = Directory.CreateDirectory(Sample.New("")).FullName;
        File.Copy(Sample.Model, Path.Combine(folder, "m.onnx"));
        return folder;
    }

    [Fact]
    public void A_class_is_forgotten_without_any_image_and_nothing_is_measured()
    {
        var (folder, output) = (Bare(), Sample.New());
        var result = CliRunner.Run(["unlearn", "m.onnx", "--class", "frame", "--moments", Moments, "-o", output], folder).Expect(0);
        Assert.Contains("from the statistics file alone", result.StdOut, StringComparison.Ordinal);
        Assert.DoesNotContain("top-1", result.StdOut, StringComparison.Ordinal);
        Assert.Contains("Nothing is measured", result.StdErr, StringComparison.Ordinal);
        var json = CliRunner.Run(["unlearn", "m.onnx", "--class", "3", "--moments", Moments, "--json", "-o", Sample.New()], folder).Expect(0).Json();
        Assert.False(json.TryGetProperty("forgotten", out _));

        // Looked at with images afterwards.
        var frame = CliRunner.Run(["eval", output, "--json", "--data", Sample.Data, "--mean", "0.5", "--std", "0.25"]).Expect(0).Json();
        Assert.Equal(0.01, frame.GetProperty("perClass")[3].GetProperty("top1").GetDouble(), 0.01);
        Assert.Equal(0.8275, frame.GetProperty("top1").GetDouble(), 0.01 * SlimSample.Points);
    }

    [Fact]
    public void Data_beside_a_statistics_file_is_for_measuring_and_changes_no_weight()
    {
        var (with, without) = (Sample.New(), Sample.New());
        var json = CliRunner.Run(["unlearn", Sample.Model, "--class", "3", "--moments", Moments, "--json", "-o", with]).Expect(0).Json();
        Assert.Equal(0.01, json.GetProperty("forgotten").GetProperty("after").GetDouble(), 0.01);
        Assert.Equal(0.981, json.GetProperty("probe")[0].GetProperty("before").GetDouble(), 0.005);
        Assert.Equal(0.698, json.GetProperty("probe")[0].GetProperty("after").GetDouble(), 0.03);
        CliRunner.Run(["unlearn", "m.onnx", "--class", "3", "--moments", Moments, "-q", "-o", without], Bare()).Expect(0);
        double[] Margin(string path) => [.. CliRunner.Run(["eval", path, "--json", "--data", Sample.Data, "--mean", "0.5", "--std", "0.25"]).Expect(0).Json()
            .GetProperty("perClass").EnumerateArray().Select(c => c.GetProperty("top1").GetDouble())];
        Assert.Equal(Margin(with), Margin(without));
    }

    [Theory]
    [InlineData("--class 12", 2, "There is no class 12: the model has 10")]
    [InlineData("--class 3 --retain-drop 1", 2, "are checked on items")]
    [InlineData("--class 3 --physical", 2, "checks on items how many channels can go")]
    [InlineData("--class 3 --method discedit-u", 2, "--method discedit-u does not work from --moments")]
    public void What_a_statistics_file_cannot_do_is_said(string arguments, int code, string sentence)
    {
        var output = Sample.New();
        var result = CliRunner.Run(["unlearn", "m.onnx", "--moments", Moments, "-o", output, .. arguments.Split(' ')], Bare());
        Assert.Contains(sentence, result.ExpectError(code), StringComparison.Ordinal);
        Assert.False(File.Exists(output));
    }

    [Fact]
    public void A_file_of_an_earlier_version_is_to_be_written_again()
    {
        var (old, output) = (Sample.New(".moments"), Sample.New());
        File.Copy(Moments, old);
        using (var zip = ZipFile.Open(old, ZipArchiveMode.Update))
        {
            var entry = zip.GetEntry("manifest.json")!;
            JsonObject manifest;
            using (var stream = entry.Open()) manifest = JsonNode.Parse(stream)!.AsObject();
            Assert.True(manifest.Remove("features"));
            entry.Delete();
            using var writer = new StreamWriter(zip.CreateEntry("manifest.json", CompressionLevel.NoCompression).Open());
            writer.Write(manifest.ToJsonString());
        }
        var said = CliRunner.Run(["unlearn", "m.onnx", "--class", "3", "--moments", old, "-o", output], Bare()).ExpectError(4);
        Assert.Contains("run `onnxedit stats` again", said, StringComparison.Ordinal);
        Assert.False(File.Exists(output));
    }
}
