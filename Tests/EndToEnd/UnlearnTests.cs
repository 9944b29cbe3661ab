using Xunit;

namespace OnnxEdit.EndToEnd;

public sealed class UnlearnTests(SlimSample sample)
{
    CliResult Unlearn(string more, string output) =>
        CliRunner.Run(["unlearn", sample.Model, "-o", output, .. more.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

    [Fact]
    public void A_class_is_forgotten_and_the_others_stay()
    {
        var (first, second) = (sample.New(), sample.New());
        var json = Unlearn("--class frame --json", first).Expect(0).Json();
        Assert.Equal("onnxedit.unlearn/1", json.GetProperty("schema").GetString());
        Assert.InRange(json.GetProperty("forgotten").GetProperty("before").GetDouble(), 0.9, 1);
        Assert.InRange(json.GetProperty("forgotten").GetProperty("after").GetDouble(), 0, 0.03);
        Assert.InRange(json.GetProperty("retained").GetProperty("drop").GetDouble(), -3, 2);
        var probe = json.GetProperty("probe")[0];
        Assert.Equal(3, probe.GetProperty("class").GetInt32());
        Assert.True(probe.GetProperty("after").GetDouble() < probe.GetProperty("before").GetDouble() - 0.05, probe.GetRawText());
        Assert.Equal(200, json.GetProperty("wentTo").EnumerateArray().Sum(n => n.GetInt32()));

        // What is said is what the file does, and the same call makes the same bytes.
        var frame = CliRunner.Run(["eval", first, "--json", "--data", sample.Data, "--mean", "0.5", "--std", "0.25"]).Expect(0).Json().GetProperty("perClass")[3];
        Assert.Equal(json.GetProperty("forgotten").GetProperty("after").GetDouble(), frame.GetProperty("top1").GetDouble(), 1e-9);
        Unlearn("--class 3 -q", second).Expect(0);
        Assert.Equal(File.ReadAllBytes(first), File.ReadAllBytes(second));
        var entry = Assert.Single(CliRunner.Run(["inspect", first, "--json"]).Expect(0).Json().GetProperty("history").EnumerateArray());
        Assert.Equal("unlearn", entry.GetProperty("command").GetString());
    }

    [Theory]
    [InlineData("resnet20_cifar10.onnx", "0.485,0.456,0.406", "0.229,0.224,0.225")]
    [InlineData("zoo/vit_pgd_2_3_16.onnx", "0.4914,0.4822,0.4465", "0.2009,0.2009,0.2009")]
    public void Real_networks_forget_cats_and_little_else(string model, string mean, string std)
    {
        var (path, cifar) = (SharedData.Require("models", model), SharedData.Require("data", "cifar10"));
        var json = CliRunner.Run(["unlearn", path, "--class", "3", "--data", cifar, "--mean", mean, "--std", std, "--json", "-o", sample.New()]).Expect(0).Json();
        Assert.InRange(json.GetProperty("forgotten").GetProperty("after").GetDouble(), 0, 0.03);
        Assert.InRange(json.GetProperty("retained").GetProperty("drop").GetDouble(), -5, 3.5);
        var probe = json.GetProperty("probe")[0];
        Assert.InRange((probe.GetProperty("after").GetDouble() - 0.5) / (probe.GetProperty("before").GetDouble() - 0.5), -0.2, 0.6);
    }

    [Fact]
    public void The_folder_of_the_sample_is_all_that_has_to_be_named()
    {
        var output = sample.New();
        var text = CliRunner.Run(["unlearn", "--class", "3", "--method", "suppress-logit", "-o", output], sample.Folder).Expect(0).StdOut;
        Assert.Contains("hidden, not forgotten", text, StringComparison.Ordinal);
        Assert.Contains("read out of the features: 3 frame", text, StringComparison.Ordinal);
        Assert.Contains($"wrote {output}", text, StringComparison.Ordinal);
    }

    [Fact]
    public void How_fast_the_class_is_learned_again_can_be_seen()
    {
        var json = Unlearn("--class 3 --relearn 60 --json", sample.New()).Expect(0).Json();
        var curve = json.GetProperty("relearning").EnumerateArray().ToArray();
        Assert.Equal([0, 6, 12, 18, 24, 30, 36, 42, 48, 54, 60], curve.Select(p => p.GetProperty("step").GetInt32()));
        Assert.Equal(json.GetProperty("forgotten").GetProperty("after").GetDouble(), curve[0].GetProperty("edited").GetDouble(), 1e-9);
        // Features that still have the class let a new row in the head find it.
        Assert.True(curve[^1].GetProperty("original").GetDouble() > 0.5, json.GetRawText());
        Assert.Equal(2, Unlearn("--class 3 --relearn 60 --moments none.moments", sample.New()).ExitCode);
    }

    [Fact]
    public void A_suppressed_logit_leaves_the_class_in_the_features()
    {
        var json = Unlearn("--class 3 --method suppress-logit --json", sample.New()).Expect(0).Json();
        Assert.Equal(0, json.GetProperty("forgotten").GetProperty("after").GetDouble());
        Assert.Equal(json.GetProperty("probe")[0].GetProperty("before").GetDouble(), json.GetProperty("probe")[0].GetProperty("after").GetDouble(), 1e-9);
    }

    [Fact]
    public void Discedit_u_sets_channels_to_zero()
    {
        var json = Unlearn("--class 3 --method discedit-u --json", sample.New()).Expect(0).Json();
        Assert.Matches(@"^DisCEdit-U \(exp witness\): [1-9]\d* channels", json.GetProperty("basis").GetString());
        Assert.True(json.GetProperty("forgotten").GetProperty("after").GetDouble() < json.GetProperty("forgotten").GetProperty("before").GetDouble() - 0.1);
    }

    [Fact]
    public void Two_classes_at_once()
    {
        var json = Unlearn("--class 3,ring --json", sample.New()).Expect(0).Json();
        Assert.Equal([3, 1], json.GetProperty("classes").EnumerateArray().Select(c => c.GetProperty("class").GetInt32()));
        Assert.InRange(json.GetProperty("forgotten").GetProperty("after").GetDouble(), 0, 0.3);
        Assert.Equal(2, json.GetProperty("probe").GetArrayLength());
    }

    [Theory]
    [InlineData("--class 12", 2, "There is no class 12: the model has 10")]
    [InlineData("--class cat", 2, "There is no class 'cat'; the data has 'disc'")]
    [InlineData("", 2, "Name the class to forget")]
    [InlineData("--class 0,1,2,3,4,5,6,7,8", 2, "have to stay")]
    [InlineData("--class 3 --forget-target 0.001 --retain-drop 0.001", 5, "On the validation images the closest is")]
    [InlineData("--class 3 --method discedit-u --deviations 50", 5, "No channel's score stands out")]
    public void What_cannot_be_done_is_said_and_leaves_no_file(string arguments, int code, string sentence)
    {
        var output = sample.New();
        var result = Unlearn(arguments, output);
        Assert.Equal(code, result.ExitCode);
        Assert.Contains(sentence, result.StdErr, StringComparison.Ordinal);
        Assert.False(File.Exists(output));
    }

    [Theory]
    [InlineData("--class 3 --method discedit-u --layers 99", 2, "There is no layer '99': the model has")]
    [InlineData("--class 3 --method discedit-u --witness gut", 2, "--witness takes exp or ks")]
    [InlineData("--class 3 --method suppress-logit --physical", 2, "--physical goes with --method refit")]
    [InlineData("--class 3 --moments nowhere.moments", 4, "nowhere.moments")]
    public void Options_that_do_not_go_together_are_said(string arguments, int code, string sentence) =>
        What_cannot_be_done_is_said_and_leaves_no_file(arguments, code, sentence);

    [Fact]
    public void Witnesses_layers_and_numbers_of_channels_can_be_chosen()
    {
        var json = Unlearn("--class 3 --method discedit-u --witness ks --layers 2,3 --per-layer 2 --calibration 500 --json", sample.New()).Expect(0).Json();
        Assert.Equal("DisCEdit-U (ks witness): 4 channels of 2 layers set to zero, the 2 with the highest scores of each layer, from 500 images.", json.GetProperty("basis").GetString());
    }

    [Fact]
    public void Channels_that_only_the_class_uses_are_removed_or_it_is_said_that_there_are_none()
    {
        var output = sample.New();
        var result = Unlearn("--class 3 --physical --retain-drop 2 --forget-target 5 --json", output);
        if (result.ExitCode == 0)
        {
            var json = result.Json();
            var counts = json.GetProperty("parameters");
            Assert.True(counts.GetProperty("after").GetInt64() < counts.GetProperty("before").GetInt64());
            Assert.NotEmpty(json.GetProperty("removed").EnumerateArray());
            Assert.Equal(counts.GetProperty("after").GetInt64(), CliRunner.Run(["inspect", output, "--json"]).Expect(0).Json().GetProperty("parameters").GetInt64());
            Assert.InRange(json.GetProperty("forgotten").GetProperty("after").GetDouble(), 0, 0.1);
            return;
        }
        Assert.Contains("--physical", result.ExpectError(5), StringComparison.Ordinal);
        Assert.False(File.Exists(output));
    }

    [Fact]
    public void Models_and_data_that_do_not_fit_are_refused()
    {
        using var colours = new ColourFolder();
        var output = sample.New();
        Refused(3, "fewer than two linear layers", ["unlearn", colours.Model, "--class", "1", "--data", colours.Data, "--mean", "0.5", "--std", "0.25", "-o", output]);
        // Labels 0 to 4 only: class 5 has no images; one label only: nothing stays.
        Refused(4, "no image of a class to forget", ["unlearn", sample.Model, "--class", "7", "--data", sample.Data, "--labels", "0=0,1=1,2=2", "--mean", "0.5", "--std", "0.25", "-o", output]);
        Refused(4, "no image of a class that stays", ["unlearn", sample.Model, "--class", "3", "--data", sample.Data, "--labels", "3=3", "--mean", "0.5", "--std", "0.25", "-o", output]);
        Refused(4, "labelled", ["unlearn", sample.Model, "--class", "3", "--data", "random:50", "-o", output]);

        void Refused(int code, string sentence, string[] arguments)
        {
            var result = CliRunner.Run(arguments);
            Assert.True(result.ExitCode == code && result.StdErr.Contains(sentence, StringComparison.Ordinal), $"exit {result.ExitCode}: {result.StdErr}");
            Assert.False(File.Exists(output));
        }
    }
}
