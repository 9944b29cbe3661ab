using Google.Protobuf;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>What slim cannot do ends with one sentence, the right exit code and no file.</summary>
public sealed class SlimRefusalTests(SlimSample sample)
{
    [Theory]
    [InlineData("--sparsity 0", "--sparsity")]
    [InlineData("--sparsity 1", "--sparsity")]
    [InlineData("--sparsity 1.5", "--sparsity")]
    [InlineData("--sparsity nan", "--sparsity")]
    [InlineData("--target macs", "macs")]
    [InlineData("--target macs=2", "macs")]
    [InlineData("--target speed=0.5", "speed")]
    [InlineData("--max-drop -1", "--max-drop")]
    [InlineData("--sparsity 0.3 --target macs=0.5", "one way")]
    [InlineData("", "--sparsity")]
    [InlineData("--sparsity 0.3 --align 0", "--align")]
    [InlineData("--sparsity 0.3 --score magic", "--score")]
    [InlineData("--plan nowhere.json", "nowhere.json")]
    [InlineData("--sparsity 0.3 --moments nowhere.moments", "nowhere.moments")]
    public void A_wrong_option_is_one_sentence(string options, string named)
    {
        var output = sample.New();
        var result = sample.Slim(options, output);
        Assert.Contains(named, result.ExpectError(options.Contains("moments", StringComparison.Ordinal) ? 4 : 2), StringComparison.Ordinal);
        Assert.False(File.Exists(output));
    }

    [Fact]
    public void An_unreachable_target_says_how_far_one_can_go()
    {
        var output = sample.New();
        var error = sample.Slim("--sparsity 0.999 --score l2", output).ExpectError(5);
        Assert.Matches(@"At most \d+\.\d % of the parameters can be removed \(asked for: 99\.9 %\)", error);
        Assert.False(File.Exists(output));
    }

    [Fact]
    public void An_unreachable_latency_says_how_far_one_can_go()
    {
        using var folder = new ColourFolder();
        SlimDataTests.Write(folder, new GraphBuilder(2));
        var error = CliRunner.Run(["slim", folder.Model, "--target", "ms=0.001ms", "--align", "1"]).ExpectError(5);
        Assert.Matches(@"takes \d+(\.\d+)? ms at batch 1 \(asked for: 0\.001 ms\)", error);
        Assert.False(File.Exists(SlimDataTests.Slimmed(folder)));
    }

    [Fact]
    public void Nothing_is_overwritten_without_force_and_the_model_never()
    {
        var output = sample.New();
        File.WriteAllText(output, "old");
        Assert.Contains("--force", sample.Slim("--sparsity 0.3", output).ExpectError(2), StringComparison.Ordinal);
        Assert.Equal("old", File.ReadAllText(output));
        Assert.Contains("belongs to the model", sample.Slim("--sparsity 0.3 --force", sample.Model).ExpectError(2), StringComparison.Ordinal);
        Assert.Contains("does not exist", sample.Slim("--sparsity 0.3", Path.Combine(sample.New(""), "x.onnx")).ExpectError(2), StringComparison.Ordinal);
        // A plan must not take the place of the model either.
        Assert.Contains("belongs to the model", sample.Slim($"--sparsity 0.3 --force --plan-out {sample.Model}", sample.New()).ExpectError(2), StringComparison.Ordinal);
        Assert.Contains("both", sample.Slim($"--sparsity 0.3 --force --plan-out {output}", output).ExpectError(2), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Not a model at all, only some words.")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 123\n")]
    [InlineData("")]
    public void A_file_that_is_no_model_is_one_sentence(string content)
    {
        using var folder = new ColourFolder();
        File.WriteAllText(folder.Model, content);
        Refused(folder, 3);
    }

    [Fact]
    public void A_damaged_model_is_one_sentence()
    {
        using var folder = new ColourFolder();
        var bytes = File.ReadAllBytes(sample.Model);
        File.WriteAllBytes(folder.Model, bytes[..(bytes.Length / 2)]);
        Refused(folder, 3);
        var proto = Surgery.Proto.ModelProto.Parser.ParseFrom(bytes);
        var weights = proto.Graph.Initializer.First(t => t.Dims.Count == 4);
        TensorData.SetFloats(weights, [.. TensorData.Floats(weights).Select((v, i) => i == 5 ? float.NaN : v)]);
        File.WriteAllBytes(folder.Model, proto.ToByteArray());
        Assert.Contains("NaN", Refused(folder, 3), StringComparison.Ordinal);
        File.Delete(folder.Model);
        Refused(folder, 3);
    }

    [Fact]
    public void A_model_without_removable_channels_says_what_locks_them()
    {
        using var folder = new ColourFolder();
        Assert.Contains("explain", Refused(folder, 5), StringComparison.Ordinal);
    }

    [Fact]
    public void Heads_held_by_a_bias_that_is_fed_are_named_as_explain_names_them()
    {
        const int tokens = 6, width = 16, heads = 4;
        using var folder = new ColourFolder();
        var b = new GraphBuilder(4);
        var (x, bias) = (b.Input("x", tokens, width), b.Input("bias", heads, tokens, tokens));
        var mixed = b.Microsoft("MultiHeadAttention", [b.MatMul(x, width, "q"), b.MatMul(x, width, "k"), b.MatMul(x, width, "v"), "", "", bias], [1, tokens, width], "mixed", n => n.Set("num_heads", heads));
        // The sum with the input locks fewer parameters than the heads hold.
        var stream = b.Add(b.MatMul(mixed, width, "out"), x, "stream");
        File.WriteAllBytes(folder.Model, b.Build(b.MatMul(b.ReduceMean(stream, [1], keepdims: false), 3)).ToByteArray());
        const string because = "MultiHeadAttention 'mixed': its mask differs between heads and is an input of the model";
        var files = Directory.GetFiles(folder.Root);
        Assert.Contains($"locked by {because}", CliRunner.Run(["explain", folder.Model, "--attention", "heads"]).Expect(0).StdOut, StringComparison.Ordinal);
        Assert.Contains($"most are locked by {because}.", CliRunner.Run(["slim", folder.Model, "--attention", "heads", "--sparsity", "0.3"]).ExpectError(5), StringComparison.Ordinal);
        Assert.Equal(files, Directory.GetFiles(folder.Root));
        CliRunner.Run(["slim", folder.Model, "--sparsity", "0.3", "--align", "1"]).Expect(0);
    }

    [Theory]
    [InlineData("sum", "--sparsity 0.3", "")]
    [InlineData("sum", "--target params=0.5 --data random:20", "")]
    [InlineData("product", "--target macs=0.5", "")]
    [InlineData("product", "--sparsity 0.3 --dry-run", "")]
    [InlineData("branches", "--sparsity 0.3", " outside the sub-graphs of If 'chosen', which stay as they are")]
    public void A_model_without_channels_says_that_it_has_none(string kind, string options, string where)
    {
        using var folder = new ColourFolder();
        File.WriteAllBytes(folder.Model, ChannelFree.Model(kind).ToByteArray());
        var files = Directory.GetFiles(folder.Root);
        var error = CliRunner.Run(["slim", folder.Model, .. options.Split(' '), "--plan-out", Path.Combine(folder.Root, "plan.json")]).ExpectError(5);
        Assert.Contains($"No channel can be removed: the model has no convolution or matrix product with constant weights{where}.", error, StringComparison.Ordinal);
        Assert.Equal(files, Directory.GetFiles(folder.Root));
    }

    [Fact]
    public void Two_inputs_cannot_be_matched_with_images()
    {
        using var folder = new ColourFolder();
        var b = new GraphBuilder(4);
        var sum = b.Relu(b.Conv(b.Add(b.Input("left", 3, 32, 32), b.Input("right", 3, 32, 32)), 8));
        File.WriteAllBytes(folder.Model, b.Build(b.Gemm(b.Flatten(b.GlobalAveragePool(b.Relu(b.Conv(sum, 8)))), 3)).ToByteArray());
        Assert.Contains("'right'", Refused(folder, 4), StringComparison.Ordinal);
        CliRunner.Run(["slim", folder.Model, "--sparsity", "0.3", "--align", "1"]).Expect(0);
    }

    [Fact]
    public void Images_of_the_wrong_size_for_a_detector_are_a_data_error()
    {
        var output = sample.New();
        var error = CliRunner.Run(["slim", SharedData.Require("models", "zoo", "fastestdet.onnx"), "--data", SharedData.Require("data", "cifar10"),
            "--mean", "0", "--std", "1", "--sparsity", "0.3", "-o", output]).ExpectError(4);
        Assert.Contains("--resize 352x352", error, StringComparison.Ordinal);
        Assert.False(File.Exists(output));
    }

    [Fact]
    public void An_empty_data_folder_is_a_data_error()
    {
        using var folder = new ColourFolder();
        SlimDataTests.Write(folder, new GraphBuilder(2));
        Directory.Delete(folder.Data, recursive: true);
        Directory.CreateDirectory(folder.Data);
        Refused(folder, 4);
    }

    [Fact]
    public void Accuracy_cannot_be_a_budget_without_labels()
    {
        using var folder = new ColourFolder();
        SlimDataTests.Write(folder, new GraphBuilder(2));
        Assert.Contains("label", CliRunner.Run(["slim", folder.Model, "--data", "random:40", "--max-drop", "1", "--align", "1"]).ExpectError(4), StringComparison.Ordinal);
        Assert.Contains("label", CliRunner.Run(["slim", folder.Model, "--max-drop", "1", "--align", "1"]).ExpectError(4), StringComparison.Ordinal);
        Assert.Contains("activations", CliRunner.Run(["slim", folder.Model, "--sparsity", "0.3", "--score", "tv"]).ExpectError(4), StringComparison.Ordinal);
        Assert.False(File.Exists(SlimDataTests.Slimmed(folder)));
    }

    [Fact]
    public void A_plan_of_another_model_does_not_fit()
    {
        using var folder = new ColourFolder();
        SlimDataTests.Write(folder, new GraphBuilder(2));
        var plan = Path.Combine(folder.Root, "plan.json");
        sample.Slim($"--sparsity 0.3 --align 1 --score l2 --dry-run --plan-out {plan}", null).Expect(0);
        Assert.Contains("does not fit", CliRunner.Run(["slim", folder.Model, "--plan", plan]).ExpectError(2), StringComparison.Ordinal);
        File.WriteAllText(plan, "{ \"schema\": 1 }");
        Assert.Contains("plan.json", CliRunner.Run(["slim", folder.Model, "--plan", plan]).ExpectError(2), StringComparison.Ordinal);
        Assert.False(File.Exists(SlimDataTests.Slimmed(folder)));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_a_usage_error()
    {
        Assert.SkipWhen(Environment.UserName == "root", "The folders of root are always writable.");
        var locked = Directory.CreateDirectory(sample.New("")).FullName;
        if (OperatingSystem.IsWindows()) Assert.Skip("Folders have no modes here.");
        else File.SetUnixFileMode(locked, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        sample.Slim("--sparsity 0.3", Path.Combine(locked, "x.onnx")).ExpectError(2);
    }

    static string Refused(ColourFolder folder, int exitCode)
    {
        var error = CliRunner.Run(["slim", folder.Model, "--data", folder.Data, .. ColourFolder.Normalisation.Split(' '), "--sparsity", "0.3", "--align", "1"]).ExpectError(exitCode);
        Assert.False(File.Exists(SlimDataTests.Slimmed(folder)));
        Assert.Empty(Directory.GetFiles(folder.Root, "*.tmp"));
        return error;
    }
}
