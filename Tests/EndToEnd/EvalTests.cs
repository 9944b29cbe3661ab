using System.Text.Json;
using Xunit;

namespace OnnxEdit.EndToEnd;

public sealed class EvalTests
{
    static CliResult Eval(ColourFolder folder, string more) =>
        CliRunner.Run(["eval", folder.Model, "--data", folder.Data, .. more.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

    [Fact]
    public void Accuracy_is_printed_overall_and_per_class()
    {
        using var folder = new ColourFolder();
        var result = Eval(folder, ColourFolder.Normalisation).Expect(0);
        Assert.StartsWith("top-1 90.00 %", result.StdOut, StringComparison.Ordinal);
        foreach (var name in new[] { "red", "green", "blue" })
            Assert.Contains($" {name} ", result.StdOut, StringComparison.Ordinal);
        Assert.Contains("data: ", result.StdErr, StringComparison.Ordinal);
    }

    [Fact]
    public void The_json_result_holds_the_same_numbers()
    {
        using var folder = new ColourFolder();
        var json = Eval(folder, $"{ColourFolder.Normalisation} --json").Expect(0).Json();
        Assert.Equal("onnxedit.eval/1", json.GetProperty("schema").GetString());
        Assert.Equal(0.9, json.GetProperty("top1").GetDouble(), 6);
        Assert.Equal(ColourFolder.Images, json.GetProperty("images").GetInt32());
        Assert.Equal(["red", "green", "blue"], json.GetProperty("perClass").EnumerateArray().Select(each => each.GetProperty("name").GetString()));
        Assert.Equal(54, json.GetProperty("perClass").EnumerateArray().Sum(each => each.GetProperty("correct").GetInt32()));
    }

    [Fact]
    public void Margins_look_through_the_final_softmax()
    {
        using var folder = new ColourFolder();
        var json = Eval(folder, $"{ColourFolder.Normalisation} --json").Expect(0).Json();
        // Logits are (pixel/255 - 0.5)/0.25, so right answers have the margin 140/255/0.25 and wrong ones its negative.
        Assert.Equal(0.8 * 140 / 255 / 0.25, json.GetProperty("meanMargin").GetDouble(), 4);
    }

    [Fact]
    public void Pixels_without_a_normalisation_are_refused()
    {
        using var folder = new ColourFolder();
        Assert.Contains("eval --try-preprocess", Eval(folder, "").ExpectError(4), StringComparison.Ordinal);
    }

    [Fact]
    public void Trying_normalisations_ranks_them()
    {
        using var folder = new ColourFolder();
        var trials = Eval(folder, "--try-preprocess --json").Expect(0).Json().GetProperty("trials").EnumerateArray().ToArray();
        Assert.True(trials.Length >= 10);
        var accuracies = trials.Select(trial => trial.GetProperty("top1").GetDouble()).ToArray();
        Assert.Equal(accuracies.OrderDescending(), accuracies);
        Assert.Equal(0.9, accuracies[0], 6);
    }

    [Fact]
    public void Labels_that_were_mapped_wrongly_are_mapped_back()
    {
        using var folder = new ColourFolder();
        var result = Eval(folder, "--try-preprocess --labels 0=1,1=2,2=0").Expect(0);
        Assert.Contains("with --labels 0=0,1=1,2=2 (or --labels auto) 90.00 %", result.StdErr, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_data_is_a_data_error()
    {
        using var folder = new ColourFolder();
        Assert.Contains("nowhere", CliRunner.Run(["eval", folder.Model, "--data", "nowhere"]).ExpectError(4), StringComparison.Ordinal);
    }

    [Fact]
    public void Data_without_labels_cannot_be_measured()
    {
        using var folder = new ColourFolder();
        Assert.Contains("label", CliRunner.Run(["eval", folder.Model, "--data", "random:20"]).ExpectError(4), StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_output_is_a_usage_error()
    {
        using var folder = new ColourFolder();
        Assert.Contains("'probabilities'", Eval(folder, $"{ColourFolder.Normalisation} --output nothing").ExpectError(2), StringComparison.Ordinal);
    }

    [Fact]
    public void An_inner_tensor_can_serve_as_output()
    {
        using var folder = new ColourFolder();
        var json = Eval(folder, $"{ColourFolder.Normalisation} --output logits --json").Expect(0).Json();
        Assert.Equal("logits", json.GetProperty("outputName").GetString());
        Assert.Equal(0.9, json.GetProperty("top1").GetDouble(), 6);
    }

    [Fact]
    public void Quiet_leaves_stderr_empty()
    {
        using var folder = new ColourFolder();
        Assert.Empty(Eval(folder, $"{ColourFolder.Normalisation} -q").Expect(0).StdErr);
    }

    [Fact]
    public void The_limit_draws_test_images()
    {
        using var folder = new ColourFolder();
        Assert.Equal(30, Eval(folder, $"{ColourFolder.Normalisation} --limit 30 --json").Expect(0).Json().GetProperty("images").GetInt32());
    }

    [Fact]
    public void Resnet20_has_its_published_accuracy()
    {
        var model = SharedData.Require("models", "resnet20_cifar10.onnx");
        var data = SharedData.Require("data", "cifar10");
        var json = CliRunner.Run(["eval", model, "--data", data, "--mean", ".485,.456,.406", "--std", ".229,.224,.225", "--json"]).Expect(0).Json();
        Assert.Equal(JsonValueKind.Number, json.GetProperty("top5").ValueKind);
        Assert.InRange(json.GetProperty("top1").GetDouble(), 0.9131, 0.9141);
    }

    [Fact]
    public void A_half_precision_model_with_a_batch_of_its_own_runs()
    {
        var model = SharedData.Require("models", "zoo", "squeezenet_fp16.onnx");
        var data = SharedData.Require("data", "cifar10");
        var json = CliRunner.Run(["eval", model, "--data", data, "--mean", ".5", "--std", ".5", "--resize", "224x224", "--limit", "5", "--json"]).Expect(0).Json();
        Assert.Equal(1000, json.GetProperty("perClass").GetArrayLength());
    }
}
