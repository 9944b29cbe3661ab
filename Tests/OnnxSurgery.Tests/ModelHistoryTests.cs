using Google.Protobuf;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public class ModelHistoryTests
{
    static HistoryEntry Slim => new()
    {
        Command = "slim",
        Options = new Dictionary<string, string> { ["sparsity"] = "0.4", ["align"] = "8" },
        Seed = ulong.MaxValue,
        Versions = new Dictionary<string, string> { ["onnxedit"] = "0.1.0" },
        SourceSha256 = "ab12",
        ParametersBefore = 100,
        ParametersAfter = 60,
        AccuracyBefore = 0.916,
        Results = new Dictionary<string, double> { ["forgetAccuracyAfter"] = 0.1 },
    };

    [Fact]
    public void A_model_never_edited_has_no_history() => Assert.Empty(ModelHistory.Read(SmallModels.Classifier()));

    [Fact]
    public void Entries_come_back_in_order()
    {
        var model = SmallModels.Classifier();
        ModelHistory.Append(model, Slim);
        ModelHistory.Append(model, Slim with { Command = "unlearn", Seed = null });
        var history = ModelHistory.Read(ModelProto.Parser.ParseFrom(model.ToByteArray()));
        Assert.Equal(["slim", "unlearn"], history.Select(e => e.Command));
        var first = history[0];
        Assert.Equal(ulong.MaxValue, first.Seed);
        Assert.Equal("0.4", first.Options["sparsity"]);
        Assert.Equal("0.1.0", first.Versions["onnxedit"]);
        Assert.Equal((100L, 60L, null), (first.ParametersBefore, first.ParametersAfter, first.MacsAfter));
        Assert.Equal((0.916, null), (first.AccuracyBefore, first.AccuracyAfter));
        Assert.Equal(0.1, first.Results["forgetAccuracyAfter"]);
        Assert.Null(history[1].Seed);
    }

    [Fact]
    public void The_stored_text_is_the_same_whatever_order_the_options_were_given_in()
    {
        var one = SmallModels.Classifier();
        var two = SmallModels.Classifier();
        ModelHistory.Append(one, Slim);
        ModelHistory.Append(two, Slim with { Options = new Dictionary<string, string> { ["align"] = "8", ["sparsity"] = "0.4" } });
        Assert.Equal(one.ToByteArray(), two.ToByteArray());
        Assert.Equal(
            """[{"command":"slim","options":{"align":"8","sparsity":"0.4"},"seed":18446744073709551615,"versions":{"onnxedit":"0.1.0"},"sourceSha256":"ab12","parametersBefore":100,"parametersAfter":60,"accuracyBefore":0.916,"results":{"forgetAccuracyAfter":0.1}}]""",
            one.MetadataProps.Single(p => p.Key == ModelHistory.Key).Value);
    }

    [Fact]
    public void Fields_of_newer_versions_and_other_metadata_are_kept()
    {
        var model = SmallModels.Classifier();
        model.MetadataProps.Add(new StringStringEntryProto { Key = "author", Value = "somebody" });
        model.MetadataProps.Add(new StringStringEntryProto
        {
            Key = ModelHistory.Key,
            Value = """[{"command":"future","sourceSha256":"00","novelty":[1,2]}]""",
        });
        ModelHistory.Append(model, Slim);
        Assert.Equal("somebody", model.MetadataProps.Single(p => p.Key == "author").Value);
        Assert.Contains("\"novelty\":[1,2]", model.MetadataProps.Single(p => p.Key == ModelHistory.Key).Value);
        Assert.Equal(["future", "slim"], ModelHistory.Read(model).Select(e => e.Command));
    }

    [Theory]
    [InlineData("../data")]
    [InlineData("./data")]
    [InlineData("~/data")]
    [InlineData("C:\\data")]
    [InlineData("C:/data")]
    public void Paths_are_refused(string path)
    {
        var entry = Slim with { Options = new Dictionary<string, string> { ["data"] = path } };
        var refusal = Assert.Throws<OnnxSurgeryException>(() => ModelHistory.Append(SmallModels.Classifier(), entry));
        Assert.Contains("'data'", refusal.Message);
    }

    [Fact]
    public void Rooted_paths_are_refused_but_node_names_are_not()
    {
        var model = SmallModels.Classifier();
        void Append(string value) => ModelHistory.Append(model,
            Slim with { Options = new Dictionary<string, string> { ["node"] = value } });
        Assert.Throws<OnnxSurgeryException>(() => Append(Path.GetTempPath()));
        Append("/layer1/layer1.0/conv1/Conv");
        Assert.Single(ModelHistory.Read(model));
    }

    [Fact]
    public void Numbers_that_are_not_finite_are_refused() => Assert.Contains("not finite", Assert.Throws<OnnxSurgeryException>(
        () => ModelHistory.Append(SmallModels.Classifier(), Slim with { AccuracyAfter = double.NaN })).Message);

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[null]")]
    [InlineData("[1]")]
    [InlineData("[{}]")]
    [InlineData("""[{"command":"a","command":"b","sourceSha256":"00"}]""")]
    [InlineData("""[{"command":7,"sourceSha256":"00"}]""")]
    public void A_damaged_history_is_named(string text)
    {
        var model = SmallModels.Classifier();
        model.MetadataProps.Add(new StringStringEntryProto { Key = ModelHistory.Key, Value = text });
        Assert.Contains("onnxedit.history", Assert.Throws<OnnxSurgeryException>(() => ModelHistory.Read(model)).Message);
    }
}
