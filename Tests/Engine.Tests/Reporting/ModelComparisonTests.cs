using OnnxEdit.Engine.Reporting;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class ModelComparisonTests
{
    static readonly ReportOptions _quick = new() { Latency = new() { BatchSizes = [1], MinimumPairs = 3, MinimumSeconds = 0.01 } };

    static ModelProto Classifier(int hidden = 8, int classes = 3, int inputs = 4)
    {
        var b = new GraphBuilder(1);
        return b.Build(b.Gemm(b.Relu(b.Gemm(b.Input("x", inputs), hidden, name: "first")), classes, name: "last"));
    }

    static ComparisonReport Measure(ModelProto? before, ModelProto after) => ModelComparison.Measure(
        before is null ? null : new OnnxModel(before), new OnnxModel(after), null, _quick, null, TestContext.Current.CancellationToken);

    [Fact]
    public void Layers_are_found_by_name_with_their_channels_and_weights()
    {
        var after = Classifier(hidden: 5);
        var report = Measure(Classifier(), after);
        Assert.Equal(["first", "last"], report.Layers.Select(layer => layer.Name));
        var first = report.Layers[0];
        Assert.Equal((8, 5, 40, 25), (first.ChannelsBefore, first.ChannelsAfter, first.ParametersBefore, first.ParametersAfter));
        Assert.Null(first.WeightChange);
        Assert.False(report.Layers[1].IsResized);
        Assert.Equal((67, 43), (report.Before!.Parameters, report.After.Parameters));
        Assert.Equal(0, report.Unmatched);
    }

    [Fact]
    public void A_weight_that_grew_by_a_tenth_has_changed_by_a_tenth()
    {
        var after = Classifier();
        foreach (var tensor in after.Graph.Initializer.Where(t => t.Name.StartsWith("last", StringComparison.Ordinal)))
            TensorData.SetFloats(tensor, [.. TensorData.Floats(tensor).Select(w => 1.1f * w)]);
        var report = Measure(Classifier(), after);
        Assert.Equal(0, report.Layers[0].WeightChange);
        Assert.Equal(0.1, report.Layers[1].WeightChange!.Value, 6);
    }

    [Fact]
    public void Edits_since_the_model_before_are_told_from_earlier_ones()
    {
        var before = Classifier();
        ModelHistory.Append(before, new HistoryEntry { Command = "unlearn", SourceSha256 = "0" });
        var after = before.Clone();
        ModelHistory.Append(after, new HistoryEntry { Command = "slim", SourceSha256 = new OnnxModel(before).Sha256 });
        var report = Measure(before, after);
        Assert.True(report.IsSource);
        Assert.Equal("slim", Assert.Single(report.Edits).Command);
        Assert.Equal(2, report.After.History.Count);

        Assert.False(Measure(Classifier(), after).IsSource);
        Assert.Null(Measure(null, after).IsSource);
    }

    [Fact]
    public void Without_data_the_report_says_that_accuracy_is_missing()
    {
        var report = Measure(null, Classifier());
        Assert.Null(report.Accuracy);
        Assert.Contains("No data", report.NoAccuracyBecause, StringComparison.Ordinal);
        Assert.Equal(report.Latency[0].Pairs, report.Latency[0].FirstTimes.Count);
        Assert.Empty(report.Latency[0].SecondTimes);
    }

    [Fact]
    public void Models_of_other_inputs_are_refused()
    {
        var error = Assert.Throws<OnnxEngineException>(() => Measure(Classifier(inputs: 5), Classifier()));
        Assert.Equal(ErrorKind.Model, error.Kind);
        Assert.Contains("different inputs", error.Message, StringComparison.Ordinal);
    }
}
