using Xunit;

namespace OnnxEdit.EndToEnd;

public sealed class BadModelTests
{
    [Theory]
    [InlineData("inspect")]
    [InlineData("bench")]
    [InlineData("eval")]
    public void A_missing_model_is_one_sentence(string command) =>
        Assert.Contains("nowhere.onnx", CliRunner.Run([command, "nowhere.onnx"]).ExpectError(3), StringComparison.Ordinal);

    [Theory]
    [InlineData("Not a model at all, only some words.")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 123\n")]
    [InlineData("")]
    public void A_file_that_is_no_model_is_one_sentence(string content)
    {
        using var folder = new ColourFolder();
        var path = Path.Combine(folder.Root, "wrong.onnx");
        File.WriteAllText(path, content);
        Assert.Contains("wrong.onnx", CliRunner.Run(["inspect", path]).ExpectError(3), StringComparison.Ordinal);
    }

    [Fact]
    public void A_truncated_model_is_one_sentence()
    {
        using var folder = new ColourFolder();
        var bytes = File.ReadAllBytes(folder.Model);
        File.WriteAllBytes(folder.Model, bytes[..(bytes.Length / 2)]);
        CliRunner.Run(["eval", folder.Model]).ExpectError(3);
    }

    [Fact]
    public void Verbose_adds_the_stack_trace()
    {
        var result = CliRunner.Run("inspect nowhere.onnx -v").Expect(3);
        Assert.Contains("   at ", result.StdErr, StringComparison.Ordinal);
    }

    [Fact]
    public void A_detector_is_no_classifier_and_its_outputs_are_named()
    {
        var detector = SharedData.Require("models", "zoo", "fastestdet.onnx");
        var data = SharedData.Require("data", "cifar10");
        var error = CliRunner.Run(["eval", detector, "--data", data, "--scale", "1", "--resize", "352x352"]).ExpectError(3);
        Assert.Contains("'output' float32 [1,484,85]", error, StringComparison.Ordinal);
    }
}
