using Xunit;

namespace OnnxEdit.EndToEnd;

public sealed class UnlearnTests(SlimSample fixture)
{
    SlimSample Sample => fixture.Whole;

    CliResult Unlearn(string more, string output) =>
        CliRunner.Run(["unlearn", Sample.Model, "-o", output, .. more.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

    [Fact]
    public void A_class_is_forgotten_and_the_others_stay()
    {
        var (first, second) = (Sample.New(), Sample.New());
        var json = Unlearn("--class frame --json", first).Expect(0).Json();
        Assert.Equal("onnxedit.unlearn/1", json.GetProperty("schema").GetString());
        // Of the 200 images of the class.
        Assert.Equal(0.955, json.GetProperty("forgotten").GetProperty("before").GetDouble(), 0.005);
        Assert.Equal(0, json.GetProperty("forgotten").GetProperty("after").GetDouble(), 0.005);
        Assert.Equal(1.39, json.GetProperty("retained").GetProperty("drop").GetDouble(), SlimSample.Points);
        var probe = json.GetProperty("probe")[0];
        Assert.Equal(3, probe.GetProperty("class").GetInt32());
        Assert.Equal(0.981, probe.GetProperty("before").GetDouble(), 0.005);
        Assert.Equal(0.625, probe.GetProperty("after").GetDouble(), 0.03);
        Assert.Equal(200, json.GetProperty("wentTo").EnumerateArray().Sum(n => n.GetInt32()));

        // What is said is what the file does, and the same call makes the same bytes.
        var frame = CliRunner.Run(["eval", first, "--json", "--data", Sample.Data, "--mean", "0.5", "--std", "0.25"]).Expect(0).Json().GetProperty("perClass")[3];
        Assert.Equal(json.GetProperty("forgotten").GetProperty("after").GetDouble(), frame.GetProperty("top1").GetDouble(), 1e-9);
        Unlearn("--class 3 -q", second).Expect(0);
        Assert.Equal(File.ReadAllBytes(first), File.ReadAllBytes(second));
        var entry = Assert.Single(CliRunner.Run(["inspect", first, "--json"]).Expect(0).Json().GetProperty("history").EnumerateArray());
        Assert.Equal("unlearn", entry.GetProperty("command").GetString());
    }

    [Theory]
    [InlineData("resnet20_cifar10.onnx", "0.485,0.456,0.406", "0.229,0.224,0.225", -0.91, 0.542)]
    [InlineData("zoo/vit_pgd_2_3_16.onnx", "0.4914,0.4822,0.4465", "0.2009,0.2009,0.2009", 2.34, 0.621)]
    public void Real_networks_forget_cats_and_little_else(string model, string mean, string std, double drop, double read)
    {
        var (path, cifar) = (SharedData.Require("models", model), SharedData.Require("data", "cifar10"));
        var json = CliRunner.Run(["unlearn", path, "--class", "3", "--data", cifar, "--mean", mean, "--std", std, "--json", "-o", Sample.New()]).Expect(0).Json();
        // None or three of 508 cats.
        Assert.Equal(0, json.GetProperty("forgotten").GetProperty("after").GetDouble(), 0.01);
        Assert.Equal(drop, json.GetProperty("retained").GetProperty("drop").GetDouble(), SlimSample.Points);
        Assert.Equal(read, json.GetProperty("probe")[0].GetProperty("after").GetDouble(), 0.03);
    }

    [Fact]
    public void The_folder_of_the_sample_is_all_that_has_to_be_named()
    {
        var output = Sample.New();
        var text = CliRunner.Run(["unlearn", "--class", "3", "--method", "suppress-logit", "-o", output], Sample.Folder).Expect(0).StdOut;
        Assert.Contains("hidden, not forgotten", text, StringComparison.Ordinal);
        Assert.Contains("read out of the features: 3 frame", text, StringComparison.Ordinal);
        Assert.Contains($"wrote {output}", text, StringComparison.Ordinal);
    }

    [Fact]
    public void How_fast_the_class_is_learned_again_can_be_seen()
    {
        var json = Unlearn("--class 3 --relearn 60 --json", Sample.New()).Expect(0).Json();
        var curve = json.GetProperty("relearning").EnumerateArray().ToArray();
        Assert.Equal([0, 6, 12, 18, 24, 30, 36, 42, 48, 54, 60], curve.Select(p => p.GetProperty("step").GetInt32()));
        Assert.Equal(json.GetProperty("forgotten").GetProperty("after").GetDouble(), curve[0].GetProperty("edited").GetDouble(), 1e-9);
        // Features that still have the class let a new row in the head find it; those that were edited do, too.
        Assert.Equal(0.885, curve[^1].GetProperty("original").GetDouble(), 0.03);
        Assert.Equal(0.895, curve[^1].GetProperty("edited").GetDouble(), 0.03);
        Assert.Equal(2, Unlearn("--class 3 --relearn 60 --moments none.moments", Sample.New()).ExitCode);
    }

    [Fact]
    public void A_suppressed_logit_leaves_the_class_in_the_features()
    {
        var json = Unlearn("--class 3 --method suppress-logit --json", Sample.New()).Expect(0).Json();
        Assert.Equal(0, json.GetProperty("forgotten").GetProperty("after").GetDouble());
        Assert.Equal(json.GetProperty("probe")[0].GetProperty("before").GetDouble(), json.GetProperty("probe")[0].GetProperty("after").GetDouble(), 1e-9);
    }

    [Fact]
    public void Discedit_u_sets_channels_to_zero()
    {
        var json = Unlearn("--class 3 --method discedit-u --json", Sample.New()).Expect(0).Json();
        Assert.Matches(@"^DisCEdit-U \(exp witness\): [1-9]\d* channels", json.GetProperty("basis").GetString());
        Assert.Equal(0.955, json.GetProperty("forgotten").GetProperty("before").GetDouble(), 0.005);
        Assert.Equal(0.515, json.GetProperty("forgotten").GetProperty("after").GetDouble(), 0.03);
        Assert.Equal(2.22, json.GetProperty("retained").GetProperty("drop").GetDouble(), SlimSample.Points);
    }

    [Fact]
    public void Two_classes_at_once()
    {
        var json = Unlearn("--class 3,ring --json", Sample.New()).Expect(0).Json();
        Assert.Equal([3, 1], json.GetProperty("classes").EnumerateArray().Select(c => c.GetProperty("class").GetInt32()));
        Assert.Equal(0, json.GetProperty("forgotten").GetProperty("after").GetDouble(), 0.005);
        Assert.Equal(1.38, json.GetProperty("retained").GetProperty("drop").GetDouble(), SlimSample.Points);
        Assert.Equal(2, json.GetProperty("probe").GetArrayLength());
    }

    [Theory]
    [InlineData("--class 12", 2, "There is no class 12: the model has 10")]
    [InlineData("--class cat", 2, "There is no class 'cat'; the data has 'disc'")]
    [InlineData("", 2, "Name the class to forget")]
    [InlineData("--class 0,1,2,3,4,5,6,7,8", 2, "have to stay")]
    [InlineData("--class 3 --forget-target 0.001 --retain-drop 0.001", 5, "On the validation items the closest is")]
    [InlineData("--class 3 --method discedit-u --deviations 50", 5, "No channel's score stands out")]
    [InlineData("--class 3 --physical --retain-drop 2 --forget-target 5", 5, "No channel surely serves the forgotten classes more than any class that stays")]
    public void What_cannot_be_done_is_said_and_leaves_no_file(string arguments, int code, string sentence)
    {
        var output = Sample.New();
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
        var json = Unlearn("--class 3 --method discedit-u --witness ks --layers 2,3 --per-layer 2 --calibration 500 --json", Sample.New()).Expect(0).Json();
        Assert.Equal("DisCEdit-U (ks witness): 4 channels of 2 layers set to zero, the 2 with the highest scores of each layer, from 500 items.", json.GetProperty("basis").GetString());
    }

    // Of the sample's classes only this one has such a channel; the others end with 5.
    [Fact]
    public void A_channel_that_only_the_class_uses_is_removed()
    {
        var output = Sample.New();
        var json = Unlearn("--class 9 --physical --retain-drop 3 --forget-target 5 --json", output).Expect(0).Json();
        var removed = Assert.Single(json.GetProperty("removed").EnumerateArray());
        Assert.Equal(("layer3.0.conv1", 64, 63), (removed.GetProperty("name").GetString(), removed.GetProperty("before").GetInt32(), removed.GetProperty("after").GetInt32()));
        var counts = json.GetProperty("parameters");
        Assert.Equal((78042, 77176), (counts.GetProperty("before").GetInt64(), counts.GetProperty("after").GetInt64()));
        Assert.Equal(77176, CliRunner.Run(["inspect", output, "--json"]).Expect(0).Json().GetProperty("parameters").GetInt64());
        Assert.Equal(0, json.GetProperty("forgotten").GetProperty("after").GetDouble(), 0.005);
        Assert.Equal(1.06, json.GetProperty("retained").GetProperty("drop").GetDouble(), SlimSample.Points);
    }

    [Fact]
    public void Models_and_data_that_do_not_fit_are_refused()
    {
        using var colours = new ColourFolder();
        var output = Sample.New();
        Refused(3, "fewer than two linear layers", ["unlearn", colours.Model, "--class", "1", "--data", colours.Data, "--mean", "0.5", "--std", "0.25", "-o", output]);
        // Labels 0 to 4 only: class 5 has no images; one label only: nothing stays.
        Refused(4, "no item of a class to forget", ["unlearn", Sample.Model, "--class", "7", "--data", Sample.Data, "--labels", "0=0,1=1,2=2", "--mean", "0.5", "--std", "0.25", "-o", output]);
        Refused(4, "no item of a class that stays", ["unlearn", Sample.Model, "--class", "3", "--data", Sample.Data, "--labels", "3=3", "--mean", "0.5", "--std", "0.25", "-o", output]);
        Refused(4, "labelled", ["unlearn", Sample.Model, "--class", "3", "--data", "random:50", "-o", output]);

        void Refused(int code, string sentence, string[] arguments)
        {
            var result = CliRunner.Run(arguments);
            Assert.True(result.ExitCode == code && result.StdErr.Contains(sentence, StringComparison.Ordinal), $"exit {result.ExitCode}: {result.StdErr}");
            Assert.False(File.Exists(output));
        }
    }
}
