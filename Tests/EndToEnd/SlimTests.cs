using Xunit;

namespace OnnxEdit.EndToEnd;

public sealed class SlimTests(SlimSample sample)
{
    [Fact]
    public void The_first_command_of_the_readme_slims_the_sample()
    {
        var folder = sample.New("");
        // As a user would: a process of its own, with all threads.
        var result = CliRunner.Run(["sample", folder, "--slim"], env: new Dictionary<string, string> { ["ONNXEDIT_THREADS"] = "" }).Expect(0);
        foreach (var row in new[] { "parameters", "MACs", "bytes", "ms, batch 1", "ms, batch 32", "top-1 %", "before recovery" })
            Assert.Contains(row, result.StdOut, StringComparison.Ordinal);
        var slim = Path.Combine(folder, "model.slim.onnx");
        Assert.Contains($"wrote {slim}", result.StdOut, StringComparison.Ordinal);
        var before = Top1(CliRunner.Run(["eval", Path.Combine(folder, "model.onnx"), "--json"]));
        var after = Top1(CliRunner.Run(["eval", slim, "--json"]));
        Assert.Equal(0.9445, before, 0.001);
        // How many channels go where depends on what this machine finds fast.
        Assert.InRange(after, before - 0.02, before + 0.005);
        Assert.Matches(@"edits\s+1\s", CliRunner.Run(["inspect", slim]).Expect(0).StdOut);
        var entry = Assert.Single(CliRunner.Run(["inspect", slim, "--json"]).Expect(0).Json().GetProperty("history").EnumerateArray());
        Assert.Equal("slim", entry.GetProperty("command").GetString());
        Assert.DoesNotContain(folder, entry.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--sparsity 0.3 --align 1", "parameters", 0.7)]
    [InlineData("--target params=0.7 --align 1 --recovery bn", "parameters", 0.7)]
    [InlineData("--target macs=0.7 --align 1 --score tv --recovery none", "macs", 0.7)]
    [InlineData("--target bytes=0.7 --align 1 --score l1 --recovery none", "bytes", 0.7)]
    public void A_budget_on_counts_is_met_with_little_overshoot(string budget, string count, double left)
    {
        var output = sample.New();
        var json = sample.Slim($"{budget} --json", output).Expect(0).Json();
        Assert.Equal("onnxedit.slim/1", json.GetProperty("schema").GetString());
        Assert.Equal(output, json.GetProperty("out").GetString());
        var ratio = json.GetProperty("after").GetProperty(count).GetDouble() / json.GetProperty("before").GetProperty(count).GetDouble();
        // A channel of the widest layers is 1.5 % of all parameters. The file's history is no part of what was planned.
        Assert.InRange(ratio, left - 0.015, left + (count == "bytes" ? 0.01 : 1e-9));
        Assert.Equal(new FileInfo(output).Length, json.GetProperty("after").GetProperty("bytes").GetInt64());
    }

    [Fact]
    public void An_accuracy_budget_finds_a_smaller_model()
    {
        var json = sample.Whole.Slim("--max-drop 2 --align 1 --score l2 --recovery bn --json", sample.Whole.New()).Expect(0).Json();
        Assert.True(json.GetProperty("after").GetProperty("parameters").GetInt64() < json.GetProperty("before").GetProperty("parameters").GetInt64());
        // At most two points on the held-out training images; on the test images it happens to be 1.8.
        Assert.Equal(-1.8, json.GetProperty("difference").GetProperty("points").GetDouble(), SlimSample.Points);
    }

    [Fact]
    public void A_plan_applied_again_gives_the_same_bytes_and_touches_nothing_else()
    {
        var source = File.ReadAllBytes(sample.Model);
        var (plan, first, second) = (sample.New(".json"), sample.New(), sample.New());
        sample.Slim($"--sparsity 0.3 --align 1 --plan-out {plan} -q", first).Expect(0);
        sample.Slim($"--plan {plan} -q", second).Expect(0);
        Assert.Equal(File.ReadAllBytes(first), File.ReadAllBytes(second));
        Assert.Equal(source, File.ReadAllBytes(sample.Model));
        Assert.Equal(["data", "model.onnx", "onnxedit.json"], Directory.GetFileSystemEntries(sample.Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes()
    {
        var (first, second) = (sample.New(), sample.New());
        foreach (var output in new[] { first, second }) sample.Slim("--sparsity 0.3 --recovery none --score tv --seed 7 -q", output).Expect(0);
        Assert.Equal(File.ReadAllBytes(first), File.ReadAllBytes(second));
    }

    [Fact]
    public void A_dry_run_shows_the_plan_and_writes_nothing()
    {
        var output = sample.New();
        var result = sample.Slim("--sparsity 0.3 --align 1 --dry-run", output).Expect(0);
        Assert.Contains("nothing written (--dry-run)", result.StdOut, StringComparison.Ordinal);
        Assert.False(File.Exists(output));
    }

    [Theory]
    [InlineData("fisher --aggregate mean")]
    [InlineData("mpm --aggregate min")]
    [InlineData("mpm-robust")]
    [InlineData("ks")]
    [InlineData("tvsprune")]
    [InlineData("chip")]
    [InlineData("obs")]
    [InlineData("random")]
    public void Every_score_makes_a_plan_of_its_own_name(string score)
    {
        var plan = sample.Slim($"--sparsity 0.3 --align 1 --dry-run --json --score {score}", null).Expect(0).Json().GetProperty("plan");
        Assert.Equal(score.Split(' ')[0], plan.GetProperty("score").GetString());
        Assert.NotEmpty(plan.GetProperty("removed").EnumerateObject());
    }

    [Fact]
    public void The_short_form_works_in_the_folder_of_a_configuration()
    {
        var folder = sample.New("");
        CliRunner.Run(["sample", folder, "-q"]).Expect(0);
        CliRunner.Run("slim --sparsity 0.3 --calibration 100 --align 1 --recovery none -q", folder).Expect(0);
        Assert.True(File.Exists(Path.Combine(folder, "model.slim.onnx")));
        Assert.Contains("--force", CliRunner.Run("slim --sparsity 0.3", folder).ExpectError(2), StringComparison.Ordinal);
    }

    [Fact]
    public void Aligned_channel_counts_are_multiples()
    {
        var json = sample.Slim("--sparsity 0.3 --align 4 --dry-run --json", null).Expect(0).Json();
        Assert.All(json.GetProperty("groups").EnumerateArray(), group => Assert.Equal(0, group.GetProperty("after").GetInt32() % 4));
        var auto = sample.Slim("--sparsity 0.3 --align auto --dry-run", null).Expect(0).StdOut;
        Assert.Matches(@"Channel counts in multiples of \d+", auto);
    }

    static double Top1(CliResult result) => result.Expect(0).Json().GetProperty("top1").GetDouble();
}
