using OnnxEdit.Engine.Data.Arrays;
using OnnxEdit.Engine.Linear;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Scores;
using OnnxEdit.Engine.Statistics;
using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Kernels.Witness;
using OnnxEdit.Surgery;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class MomentsBundleTests : IDisposable
{
    static readonly SmallClassifier _model = SmallClassifier.Residual();
    static readonly CalibrationStatistics _statistics = _model.Collect(SmallClassifier.Images(60), new StatisticsOptions { ClassNames = ["a", "b", "c"] });

    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    string Written(string name = "a.moments")
    {
        MomentsBundle.Write(_folder[name], _statistics);
        return _folder[name];
    }

    static string Refused(string path) => Assert.Throws<OnnxEngineException>(() => MomentsBundle.Read(path, _model.Model)) is { Kind: ErrorKind.Data } e
        ? e.Message : throw new InvalidOperationException("Another kind of error.");

    [Fact]
    public void A_bundle_gives_the_same_scores_as_the_statistics()
    {
        var read = MomentsBundle.Read(Written(), _model.Model).Statistics;
        Assert.Equal((60, LabelSource.Data), (read.Images, read.Labels));
        Assert.Equal(["a", "b", "c"], read.ClassNames!);
        Assert.Equal(_statistics.Points.Keys, read.Points.Keys);
        foreach (var kind in ChannelScores.Names.Where(ChannelScores.NeedsStatistics))
        {
            double[] Score(CalibrationStatistics s) => ChannelScores.Compute(kind, ClassAggregation.Mean, _model.Analysis, s);
            Assert.Equal(Score(_statistics), Score(read));
        }
    }

    [Fact]
    public void Gram_sums_survive_within_single_precision()
    {
        var bundle = MomentsBundle.Read(Written(), _model.Model);
        using var live = new CalibrationGrams(_model.Analysis.Model, SmallClassifier.Images(60), 50, 32, 0, TestContext.Current.CancellationToken);
        var targets = UnitTarget.All(_model.Analysis.Model.Proto, _model.Analysis.Model.Trace);
        foreach (var (name, number) in new[] { ("inner", 0), ("outer", 1), ("head", 2) })
        {
            var expected = Assert.Single(live.Of(targets.First(t => t.Unit.Node.Name == name), number));
            var found = Assert.Single(bundle.Grams(name)!);
            Assert.Equal((expected.Rows, expected.Outputs, expected.Count), (found.Rows, found.Outputs, found.Count));
            Near(expected.Gram, found.Gram);
            Near(expected.Cross, found.Cross);
            Assert.Equal(expected.Power, found.Power);
            for (var m = 0; m < expected.Outputs; m++) Assert.Equal(expected.Variance(m), found.Variance(m), 12);
        }
        Assert.Null(bundle.Grams("stem"));

        static void Near(double[] expected, double[] found) =>
            Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 1.2e-7 * Math.Abs(pair.First)));
    }

    [Fact]
    public void Sums_by_class_survive_and_add_up_to_all_images()
    {
        var (expected, found) = (_statistics.Features!, MomentsBundle.Read(Written(), _model.Model).Statistics.Features!);
        Assert.Equal(("outer", 3, expected.Sums.Rows), (found.Sums.Node, found.Classes, found.Sums.Rows));
        Assert.Equal(expected.Sums.Triangle, found.Sums.Triangle);
        Assert.Equal(expected.Features, found.Features);
        Assert.Equal(expected.Active, found.Active);
        // All 36 positions of 20 images per class.
        Assert.All(found.Sums.Unpack(), s => Assert.Equal(720, s.Count));
    }

    [Fact]
    public void A_bundle_of_an_earlier_version_reads_without_sums_by_class()
    {
        using (var file = NpzFile.Open(Written()))
        using (var stream = File.Create(_folder["old.moments"]))
        using (var writer = new NpzWriter(stream))
        {
            var manifest = System.Text.Json.Nodes.JsonNode.Parse(file.ReadText("manifest.json"))!.AsObject();
            manifest.Remove("features");
            manifest["points"] = new System.Text.Json.Nodes.JsonArray();
            manifest["units"] = new System.Text.Json.Nodes.JsonArray();
            writer.AddText("manifest.json", manifest.ToJsonString());
        }
        Assert.False(MomentsBundle.Read(_folder["old.moments"], _model.Model).Statistics.HasClassSums);
    }

    [Fact]
    public void The_same_statistics_give_the_same_bytes()
    {
        MomentsBundle.Write(_folder["b.moments"], SmallClassifier.Residual().Collect(SmallClassifier.Images(60), new StatisticsOptions { ClassNames = ["a", "b", "c"] }));
        Assert.Equal(File.ReadAllBytes(Written()), File.ReadAllBytes(_folder["b.moments"]));
    }

    [Fact]
    public void A_bundle_of_another_model_names_both()
    {
        var path = Written();
        var other = SmallClassifier.Colours(SmallClassifier.Identity).Model;
        var message = Assert.Throws<OnnxEngineException>(() => MomentsBundle.Read(path, other)).Message;
        Assert.Contains(other.Sha256, message, StringComparison.Ordinal);
        Assert.Contains(_model.Model.Sha256, message, StringComparison.Ordinal);
        Assert.Equal(60, MomentsBundle.Read(path).Statistics.Images);
    }

    [Fact]
    public void A_truncated_bundle_is_refused_wherever_it_ends()
    {
        var bytes = File.ReadAllBytes(Written());
        for (var length = 0; length < bytes.Length; length += 1 + bytes.Length / 50)
            Assert.Contains("cut.moments", Refused(_folder.Write("cut.moments", bytes[..length])), StringComparison.Ordinal);
    }

    [Fact]
    public void Damage_inside_never_surfaces_as_another_error()
    {
        var bytes = File.ReadAllBytes(Written());
        var random = new Philox4x32(1);
        for (var trial = 0; trial < 100; trial++)
        {
            var copy = (byte[])bytes.Clone();
            var at = random.NextInt(copy.Length - 200);
            copy.AsSpan(at, 100).Fill((byte)random.NextInt(256));
            try
            {
                _ = MomentsBundle.Read(_folder.Write("hit.moments", copy));
            }
            catch (OnnxEngineException e)
            {
                Assert.Equal(ErrorKind.Data, e.Kind);
            }
        }
    }

    [Theory]
    [InlineData("onnxedit.moments/2", "onnxedit.moments/1")]
    [InlineData("other", "not a .moments bundle")]
    public void Another_schema_is_told(string schema, string said)
    {
        using (var stream = File.Create(_folder["v.moments"]))
        using (var writer = new NpzWriter(stream))
            writer.AddText("manifest.json", $$"""{"schema":"{{schema}}"}""");
        Assert.Contains(said, Refused(_folder["v.moments"]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_zip_without_a_manifest_and_a_manifest_without_arrays_are_refused()
    {
        using (var stream = File.Create(_folder["n.moments"]))
        using (var writer = new NpzWriter(stream))
            writer.Add("a", NpyArray.From<float>([1, 2]));
        Assert.Contains("manifest.json", Refused(_folder["n.moments"]), StringComparison.Ordinal);

        using (var file = NpzFile.Open(Written()))
        using (var stream = File.Create(_folder["m.moments"]))
        using (var writer = new NpzWriter(stream))
            writer.AddText("manifest.json", file.ReadText("manifest.json"));
        Assert.Contains("point0", Refused(_folder["m.moments"]), StringComparison.Ordinal);
        Assert.Equal(ErrorKind.Data, Assert.Throws<OnnxEngineException>(() => MomentsBundle.Read(_folder["nowhere.moments"])).Kind);
    }

    [Fact]
    public void Existing_files_are_replaced_only_when_asked_and_nothing_is_left_over()
    {
        var path = _folder.WriteText("old.moments", "old");
        Assert.Equal(ErrorKind.Usage, Assert.Throws<OnnxEngineException>(() => MomentsBundle.Write(path, _statistics)).Kind);
        Assert.Equal("old", File.ReadAllText(path));
        MomentsBundle.Write(path, _statistics, overwrite: true);
        Assert.Equal(60, MomentsBundle.Read(path, _model.Model).Statistics.Images);
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
        Assert.Equal(ErrorKind.Usage, Assert.Throws<OnnxEngineException>(() => MomentsBundle.Write(Path.Combine(_folder.Path, "no", "x"), _statistics)).Kind);
    }
}
