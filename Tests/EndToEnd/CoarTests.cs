using Xunit;

namespace OnnxEdit.EndToEnd;

public sealed class CoarTests(SlimSample sample)
{
    [Fact]
    public void Attributions_are_made_shown_and_predict_ablations()
    {
        var file = sample.New(".safetensors");
        var json = CliRunner.Run(["coar", sample.Model, "--examples", "30", "--budget", "120", "-o", file, "--json"]).Expect(0).Json();
        Assert.Equal("onnxedit.coar/1", json.GetProperty("schema").GetString());
        Assert.Equal(30, json.GetProperty("examples").GetInt32());

        var evaluated = CliRunner.Run(["coar", "eval", file, sample.Model, "--masks", "30", "--json"]).Expect(0).Json();
        Assert.Equal("onnxedit.coar-eval/1", evaluated.GetProperty("schema").GetString());
        var alphas = evaluated.GetProperty("alphas").EnumerateArray().ToArray();
        Assert.Equal([0.1, 0.05], alphas.Select(a => a.GetProperty("alpha").GetDouble()));
        Assert.All(alphas, a => Assert.True(a.GetProperty("correlation").GetDouble() > 0.5, a.GetRawText()));

        var shown = CliRunner.Run(["coar", "show", file, "--example", "3", "--top", "2"]).Expect(0).StdOut;
        Assert.Contains("/filter ", shown, StringComparison.Ordinal);
        Assert.Equal(7, shown.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        var all = CliRunner.Run(["coar", "show", file, "--json"]).Expect(0).Json().GetProperty("components").EnumerateArray().Select(c => c.GetProperty("score").GetDouble()).ToArray();
        Assert.Equal(all.OrderDescending(), all);

        var (bars, curve) = (sample.New(".png"), sample.New(".png"));
        CliRunner.Run(["coar", "show", file, "--class", "3", "--plot", bars]).Expect(0);
        CliRunner.Run(["coar", "eval", file, sample.Model, "--masks", "5", "--plot", curve]).Expect(0);
        foreach (var drawing in (string[])[bars, curve]) Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], File.ReadAllBytes(drawing)[..4]);
        Assert.Contains("add --force", CliRunner.Run(["coar", "show", file, "--plot", bars]).ExpectError(2), StringComparison.Ordinal);

        // Of another model these are no attributions.
        var other = sample.New();
        sample.Slim("--sparsity 0.2 --recovery none --align 1", other).Expect(0);
        Assert.Contains("another model", CliRunner.Run(["coar", "eval", file, other, "--data", sample.Data, "--mean", "0.5", "--std", "0.25"]).Expect(4).StdErr, StringComparison.Ordinal);
    }

    [Fact]
    public void A_class_is_lowered_by_ablating_few_components()
    {
        var (output, again) = (sample.New(), sample.New());
        string[] arguments = ["coar", "edit", sample.Model, "--target", "class:2:20", "--lower", "--most", "3", "--drop", "20", "--budget", "60", "--validation", "200"];
        var json = CliRunner.Run([.. arguments, "-o", output, "--json"]).Expect(0).Json();
        var steps = json.GetProperty("steps").EnumerateArray().ToArray();
        Assert.Equal(4, steps.Length);
        var kept = steps[json.GetProperty("kept").GetInt32()];
        Assert.True(kept.GetProperty("gain").GetDouble() > steps[0].GetProperty("gain").GetDouble());
        Assert.True(kept.GetProperty("validationAccuracy").GetDouble() >= steps[0].GetProperty("validationAccuracy").GetDouble() - 0.2);
        Assert.Equal(2, Assert.Single(json.GetProperty("lowered").EnumerateArray()).GetInt32());
        Assert.Contains("the target's classes", CliRunner.Run([.. arguments, "-o", again]).Expect(0).StdOut, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(output), File.ReadAllBytes(again));
        Assert.Equal("coar edit", CliRunner.Run(["inspect", output, "--json"]).Expect(0).Json().GetProperty("history")[0].GetProperty("command").GetString());
    }

    [Fact]
    public void Channels_of_ablated_components_are_removed_physically()
    {
        var (whole, slim) = (sample.New(), sample.New());
        string[] arguments = ["coar", "edit", sample.Model, "--target", "class:2:20", "--lower", "--most", "4", "--drop", "20", "--budget", "60", "--validation", "200"];
        var ablated = CliRunner.Run([.. arguments, "-o", whole, "--json"]).Expect(0).Json();
        var json = CliRunner.Run([.. arguments, "--slim", "-o", slim, "--json"]).Expect(0).Json();
        // Filters inside of blocks have channels of their own; those on a residual stream share theirs.
        var inner = ablated.GetProperty("left").EnumerateArray().Count(c => c.GetProperty("component").GetString()!.Contains("conv1/", StringComparison.Ordinal) && c.GetProperty("component").GetString()![0] == 'l');
        Assert.True(inner > 0, ablated.GetRawText());
        var groups = json.GetProperty("slim").GetProperty("groups").EnumerateArray().ToArray();
        Assert.Equal(inner, groups.Sum(g => g.GetProperty("before").GetInt32() - g.GetProperty("after").GetInt32()));
        Assert.True(new FileInfo(slim).Length < new FileInfo(whole).Length);
        // It still is the edited model.
        Assert.Equal(ablated.GetProperty("accuracyAfter").GetDouble(), json.GetProperty("accuracyAfter").GetDouble(), 0.02);
        Assert.Equal(["coar edit", "slim"], CliRunner.Run(["inspect", slim, "--json"]).Expect(0).Json().GetProperty("history").EnumerateArray().Select(h => h.GetProperty("command").GetString()));
    }

    [Theory]
    [InlineData("--raise")]
    [InlineData("--lower")]
    public void A_class_is_raised_or_lowered_by_ablating_components_in_part(string direction)
    {
        var (output, again) = (sample.New(), sample.New());
        string[] arguments = ["coar", "edit", sample.Model, "--target", "class:2:20", direction, "--partial", "--drop", "20", "--validation", "200"];
        var json = CliRunner.Run([.. arguments, "-o", output, "--json"]).Expect(0).Json();
        var steps = json.GetProperty("steps").EnumerateArray().ToArray();
        Assert.Equal(11, steps.Length);
        var kept = steps[json.GetProperty("kept").GetInt32()];
        var left = json.GetProperty("left").EnumerateArray().Select(c => c.GetProperty("left").GetDouble()).ToArray();
        Assert.Equal(kept.GetProperty("ablated").GetInt32(), left.Length);
        Assert.Equal(left.Order(), left);
        Assert.All(left, l => Assert.InRange(l, 0, 0.99));
        Assert.True(kept.GetProperty("gain").GetDouble() > steps[0].GetProperty("gain").GetDouble());
        var (before, after) = (steps[0].GetProperty("targetAccuracy").GetDouble(), kept.GetProperty("targetAccuracy").GetDouble());
        Assert.True(direction == "--raise" ? after >= before : after < before, $"{before} -> {after}");
        // What was measured with masks is what the written model does.
        var evaluated = CliRunner.Run(["eval", output, "--data", sample.Data, "--mean", "0.5", "--std", "0.25", "--json"]).Expect(0).Json();
        Assert.Equal(json.GetProperty("accuracyAfter").GetDouble(), evaluated.GetProperty("top1").GetDouble(), 1e-9);
        Assert.Contains("least is left of", CliRunner.Run([.. arguments, "-o", again]).Expect(0).StdOut, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(output), File.ReadAllBytes(again));
    }

    [Fact]
    public void Mistakes_are_corrected_one_by_one()
    {
        string[] arguments = ["coar", "edit", sample.Model, "--data", sample.Data, "--mean", "0.5", "--std", "0.25", "--target", "mistakes:8", "--one-by-one", "--budget", "90", "--validation", "200"];
        var json = CliRunner.Run([.. arguments, "--json"]).Expect(0).Json();
        var examples = json.GetProperty("examples").EnumerateArray().ToArray();
        Assert.Equal(8, examples.Length);
        Assert.All(examples, e => Assert.True(e.GetProperty("marginBefore").GetDouble() <= 0));
        Assert.All(examples, e => Assert.Equal(e.GetProperty("isCorrected").GetBoolean(), e.GetProperty("marginAfter").GetDouble() > 0));
        Assert.Equal(8, json.GetProperty("corrected").GetInt32());
        Assert.Contains("nothing was written", CliRunner.Run(arguments).Expect(0).StdOut, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("coar edit MODEL --target random:5 --one-by-one --lower", 2, "leave --lower, --partial, --slim and --out away")]
    [InlineData("coar edit MODEL --target random:5 --partial --most 3", 2, "--most is for components ablated in whole")]
    [InlineData("coar MODEL --components wheels", 2, "filters, units, neurons, heads and channels")]
    [InlineData("coar MODEL --components heads", 3, "no components of the kind heads")]
    [InlineData("coar MODEL --layers conv9", 3, "No layer with components has a name with 'conv9' in it")]
    [InlineData("coar MODEL --alpha 0.7", 2, "--alpha takes a number greater than 0 and at most 0.5")]
    [InlineData("coar MODEL --budget 5", 2, "give a budget of")]
    [InlineData("coar MODEL --data random:20", 4, "no test items")]
    [InlineData("coar show /nowhere.safetensors", 2, "There is no file")]
    [InlineData("coar eval MODEL", 4, "is no file of attributions")]
    [InlineData("coar edit MODEL", 2, "--target")]
    [InlineData("coar edit MODEL --target class:77", 4, "no training item of class 77")]
    [InlineData("coar edit MODEL --target test:1,x", 2, "does not name examples")]
    [InlineData("coar edit MODEL --target random:5 --raise --lower", 2, "exclude each other")]
    [InlineData("coar evall", 3, "There is no file 'evall'")]
    public void What_cannot_be_done_is_said_and_leaves_no_file(string arguments, int code, string sentence)
    {
        var output = sample.New();
        string[] words = [.. arguments.Replace("MODEL", sample.Model, StringComparison.Ordinal).Split(' ')];
        var result = CliRunner.Run(words is ["coar", "show" or "eval" or "evall", ..] ? words : [.. words, "-o", output]);
        Assert.True(code == result.ExitCode && result.StdErr.Contains(sentence, StringComparison.Ordinal), $"exit {result.ExitCode}: {result.StdErr}");
        Assert.False(File.Exists(output));
    }
}
