using Xunit;

namespace OnnxEdit.EndToEnd;

public sealed class FinetuneTests(SlimSample sample)
{
    static CliResult Finetune(string model, string more, string output) =>
        CliRunner.Run(["finetune", model, "-o", output, .. more.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

    // What slim leaves without recovery, and what brings it back.
    string Damaged()
    {
        var slim = sample.New();
        sample.Slim("--sparsity 0.4 --recovery none --align 1", slim).Expect(0);
        return slim;
    }

    string Teaching => $"--data {sample.Data} --mean 0.5 --std 0.25 --teacher {sample.Model}";

    [Fact]
    public void A_slimmed_model_learns_from_the_original_without_labels()
    {
        var (slim, tuned) = (sample.New(), sample.New());
        sample.Slim("--sparsity 0.4 --recovery none --align 1", slim).Expect(0);
        var arguments = $"--data {sample.Data} --mean 0.5 --std 0.25 --teacher {sample.Model} --steps 60 --step-size 0.005 --shift 1";
        var json = Finetune(slim, arguments + " --json", tuned).Expect(0).Json();
        Assert.Equal("onnxedit.finetune/1", json.GetProperty("schema").GetString());
        Assert.Equal((60, "Finished"), (json.GetProperty("steps").GetInt32(), json.GetProperty("end").GetString()));
        var curve = json.GetProperty("curve").EnumerateArray().Select(p => p.GetProperty("validation").GetDouble()).ToArray();
        Assert.True(curve.Min() < curve[0], string.Join(' ', curve));
        Assert.True(json.GetProperty("accuracyAfter").GetDouble() > json.GetProperty("accuracyBefore").GetDouble() + 0.05, json.GetRawText());

        var history = CliRunner.Run(["inspect", tuned, "--json"]).Expect(0).Json().GetProperty("history").EnumerateArray().Select(e => e.GetProperty("command").GetString());
        Assert.Equal(["slim", "finetune"], history);

        // The classifier alone, on labels.
        var head = sample.New();
        var text = Finetune(slim, $"--data {sample.Data} --mean 0.5 --std 0.25 --layers fc --optimiser adam --step-size 0.01 --steps 10", head).Expect(0).StdOut;
        Assert.Contains("10 steps of 64 items on labels", text, StringComparison.Ordinal);
        Assert.Contains($"wrote {head}", text, StringComparison.Ordinal);
    }

    [Fact]
    public void An_interrupted_training_goes_on_and_its_curve_can_be_seen()
    {
        var (slim, whole, resumed, curve, checkpoint) = (Damaged(), sample.New(), sample.New(), sample.New(".png"), sample.New(".checkpoint"));
        var arguments = $"{Teaching} --optimiser sgd --step-size 0.005 --steps 30";
        Finetune(slim, $"{arguments} --checkpoint {checkpoint} --curve {curve}", whole).Expect(0);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], File.ReadAllBytes(curve)[..4]);
        // A checkpoint of a finished training has nothing left to do.
        Finetune(slim, $"{arguments} --resume {checkpoint}", resumed).Expect(0);
        Assert.Equal(File.ReadAllBytes(whole), File.ReadAllBytes(resumed));

        var other = sample.New();
        var refused = Finetune(slim, $"{arguments} --resume {checkpoint} --temperature 2", other);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("The checkpoint is of another training", refused.StdErr, StringComparison.Ordinal);
        Assert.False(File.Exists(other));
    }

    [Fact]
    public async Task Ctrl_c_keeps_the_best_so_far_and_a_checkpoint_to_go_on_from()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no signals to send to another process.");
        var (slim, output, checkpoint) = (Damaged(), sample.New(), sample.New(".checkpoint"));
        var cancellation = TestContext.Current.CancellationToken;
        // Many minutes, unless it is interrupted; a look after every ten steps soon finds something better.
        using var process = CliRunner.Start(
            ["finetune", slim, .. Teaching.Split(' '), "--step-size", "0.001", "--steps", "20000", "--looks", "2000", "--checkpoint", checkpoint, "-o", output]);
        var words = process.StandardOutput.ReadToEndAsync(cancellation);
        // A line of progress every five seconds: at the second one it has trained for ten.
        for (var lines = 0; lines < 2;)
        {
            var line = await process.StandardError.ReadLineAsync(cancellation);
            Assert.NotNull(line);
            if (line.StartsWith("training", StringComparison.Ordinal)) lines++;
        }
        var errors = process.StandardError.ReadToEndAsync(cancellation);
        System.Diagnostics.Process.Start("kill", ["-INT", $"{process.Id}"]).WaitForExit();
        await process.WaitForExitAsync(cancellation);
        Assert.True(process.ExitCode == 130, $"exit {process.ExitCode}: {await errors}");
        Assert.Contains($"wrote {output}", await words, StringComparison.Ordinal);
        Assert.True(File.Exists(checkpoint));
        CliRunner.Run(["inspect", output]).Expect(0);
    }

    [Fact]
    public void Slim_and_unlearn_fine_tune_what_they_made()
    {
        var (slim, unlearned) = (sample.Whole.New(), sample.Whole.New());
        string[] History(string model) => [.. CliRunner.Run(["inspect", model, "--json"]).Expect(0).Json().GetProperty("history").EnumerateArray().Select(e => e.GetProperty("command").GetString()!)];
        var json = sample.Whole.Slim("--sparsity 0.5 --recovery none --align 1 --finetune 40 --json", slim).Expect(0).Json().GetProperty("finetuning");
        Assert.Equal(40, json.GetProperty("steps").GetInt32());
        Assert.True(json.GetProperty("accuracyAfter").GetDouble() > json.GetProperty("accuracyBefore").GetDouble(), json.GetRawText());
        Assert.Equal(["slim", "finetune"], History(slim));

        var edited = CliRunner.Run(["unlearn", sample.Whole.Model, "--class", "1", "--data", sample.Whole.Data, "--mean", "0.5", "--std", "0.25", "--calibration", "300", "--finetune", "40", "--json", "-o", unlearned]).Expect(0).Json();
        Assert.Equal(["unlearn", "finetune"], History(unlearned));
        Assert.Equal(1.83, edited.GetProperty("beforeFinetuning").GetProperty("retained").GetProperty("drop").GetDouble(), SlimSample.Points);
        Assert.Equal(0.72, edited.GetProperty("retained").GetProperty("drop").GetDouble(), SlimSample.Points);
        Assert.Equal(0, edited.GetProperty("forgotten").GetProperty("after").GetDouble(), 0.005);

        var none = sample.New();
        var refused = sample.Slim("--sparsity 0.5 --finetune soon", none);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("--finetune takes a time such as 5m or a number of steps such as 500, not 'soon'.", refused.StdErr, StringComparison.Ordinal);
        Assert.False(File.Exists(none));
    }

    [Fact]
    public void A_model_trained_to_be_edited_loses_less_by_an_edit()
    {
        var (editable, list) = (sample.Whole.New(), sample.Whole.New(".csv"));
        var arguments = $"--data {sample.Whole.Data} --mean 0.5 --std 0.25";
        var json = Finetune(sample.Whole.Model, $"{arguments} --editable --steps 300 --edit-steps 6 --edit-weight 1 --json", editable).Expect(0).Json();
        Assert.Equal("onnxedit.finetune-editable/1", json.GetProperty("schema").GetString());
        Assert.Equal(0.942, json.GetProperty("accuracyAfter").GetDouble(), 0.01 * SlimSample.Points);
        File.WriteAllLines(list, Enumerable.Range(0, 40).Select(i => $"test:{i},{(i + 4) % 10}"));
        double Drawdown(string model)
        {
            var found = CliRunner.Run(["edit", model, .. $"{arguments} --edits {list} --one-by-one --editor rmsprop --layers extra --json".Split(' ')]).Expect(0).Json();
            Assert.Equal(1, found.GetProperty("success").GetDouble());
            return found.GetProperty("drawdown").GetProperty("points").GetDouble();
        }
        var (before, after) = (Drawdown(sample.Whole.Model), Drawdown(editable));
        // From 20.8 to 7.2 points. Three hundred steps carry what processors round otherwise far, so this is no figure to the point.
        Assert.True(after < 0.5 * before, $"{before} to {after}");
    }

    [Theory]
    [InlineData("--time soon", 2, "--time takes a time such as 90s, 5m or 1h")]
    [InlineData("--resume /nowhere", 2, "is no checkpoint that can be read")]
    [InlineData("--editable --flip", 2, "leave --teacher, --features, --flip and --shift away")]
    [InlineData("--editable --time 5m", 2, "leave --time, --checkpoint, --resume and --normalisation away")]
    [InlineData("--editable --curve c.png", 2, "leave it away with --editable")]
    [InlineData("--first-order", 2, "belong to --editable")]
    [InlineData("--editable --layers nowhere", 2, "No layer with weights has 'nowhere' in its name")]
    [InlineData("--editable --steps 3 --step-size 1e30", 5, "The training diverged")]
    [InlineData("--layers nowhere", 2, "No layer with weights has 'nowhere' in its name")]
    [InlineData("--steps 5 --step-size 1e30", 5, "The training diverged")]
    [InlineData("--teacher /nowhere.onnx", 3, "/nowhere.onnx")]
    [InlineData("--batch 1000000", 4, "fewer than the 1000000 of one step")]
    [InlineData("--steps 0", 2, "--steps takes a whole number")]
    public void What_cannot_be_done_is_said_and_leaves_no_file(string arguments, int code, string sentence)
    {
        var output = sample.New();
        var result = Finetune(sample.Model, arguments, output);
        Assert.True(code == result.ExitCode && result.StdErr.Contains(sentence, StringComparison.Ordinal), $"exit {result.ExitCode}: {result.StdErr}");
        Assert.False(File.Exists(output));
    }
}
