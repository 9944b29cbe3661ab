using Xunit;

namespace OnnxEdit.EndToEnd;

public sealed class UsageErrorTests
{
    [Theory]
    [InlineData("evla", "'eval'")]
    [InlineData("eval --dta x", "'--data'")]
    [InlineData("eval m.onnx --try-preproces", "'--try-preprocess'")]
    [InlineData("--jsn eval m.onnx", "'--json'")]
    public void A_mistyped_word_gets_a_suggestion(string commandLine, string meant) =>
        Assert.Contains($"did you mean {meant}", CliRunner.Run(commandLine).ExpectError(2), StringComparison.Ordinal);

    [Theory]
    [InlineData("eval m.onnx --seed abc", "--seed takes a whole number")]
    [InlineData("eval m.onnx --seed -1", "--seed takes a whole number")]
    [InlineData("eval m.onnx --threads many", "--threads takes a whole number")]
    [InlineData("eval m.onnx --mean 1;2", "--mean takes numbers")]
    [InlineData("eval m.onnx --layout chw", "--layout takes nchw or nhwc")]
    [InlineData("eval m.onnx --scale 1/0", "--scale takes a number or a fraction")]
    [InlineData("bench m.onnx --batch 0", "--batch takes whole numbers")]
    [InlineData("bench m.onnx --seconds 0", "--seconds takes a number greater than 0")]
    [InlineData("unlearn m.onnx --class 1 --tail 1.5", "--tail takes a number greater than 0 and at most 1, not '1.5'")]
    [InlineData("unlearn m.onnx --class 1 --tail 0", "--tail takes a number greater than 0 and at most 1, not '0'")]
    [InlineData("unlearn m.onnx --class 1 --forget-target -0.1", "--forget-target takes a number from 0 to less than 100, not '-0.1'")]
    [InlineData("slim m.onnx --sparsity 1", "--sparsity takes a number greater than 0 and less than 1, not '1'")]
    [InlineData("finetune m.onnx --warm-up 1", "--warm-up takes a number from 0 to less than 1, not '1'")]
    [InlineData("deploy m.onnx --to x --name x --max-drop 100.5", "--max-drop takes a number from -100 to 100, not '100.5'")]
    [InlineData("serve repo --poll -1", "--poll takes a number from 0 to 86400, not '-1'")]
    [InlineData("serve repo --drain nan", "--drain takes a number from 0 to 86400, not 'nan'")]
    [InlineData("eval m.onnx --mean", "--mean")]
    [InlineData("eval one.onnx two.onnx", "one argument too many")]
    [InlineData("bench", "onnxedit bench --help")]
    public void A_wrong_value_is_named_with_what_would_be_right(string commandLine, string expected) =>
        Assert.Contains(expected, CliRunner.Run(commandLine).ExpectError(2), StringComparison.Ordinal);

    // The model, which is looked for next, is what is wrong with them.
    [Theory]
    [InlineData("unlearn m.onnx --class 1 --tail 1")]
    [InlineData("unlearn m.onnx --class 1 --forget-target 0 --retain-drop 0")]
    [InlineData("coar m.onnx --alpha 0.5")]
    [InlineData("deploy m.onnx --to x --name x --require-accuracy 100 --max-drop -100")]
    public void A_bound_that_belongs_to_an_option_is_taken(string commandLine) =>
        Assert.Contains("'m.onnx'", CliRunner.Run(commandLine).ExpectError(3), StringComparison.Ordinal);

    [Fact]
    public void Cuda_is_refused_by_a_build_without_it() =>
        Assert.Contains("-p:Gpu=true", CliRunner.Run("bench m.onnx --device cuda").ExpectError(2), StringComparison.Ordinal);

    [Fact]
    public void A_model_must_be_named_where_no_configuration_does()
    {
        using var folder = new ColourFolder();
        Assert.Contains("Name a model", CliRunner.Run("eval", folder.Root).ExpectError(2), StringComparison.Ordinal);
    }

    [Fact]
    public void Measuring_without_data_asks_for_data()
    {
        using var folder = new ColourFolder();
        Assert.Contains("--data", CliRunner.Run(["eval", folder.Model]).ExpectError(2), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("3", "--labels takes pairs")]
    [InlineData("1=0,1=2", "--labels takes pairs")]
    public void Labels_are_pairs_of_numbers(string labels, string expected)
    {
        using var folder = new ColourFolder();
        Assert.Contains(expected, CliRunner.Run(["eval", folder.Model, "--labels", labels]).ExpectError(2), StringComparison.Ordinal);
    }

    [Fact]
    public void A_variable_that_stands_for_an_option_is_checked_like_it_and_outranked_by_it()
    {
        CliResult Run(string commandLine, string threads) => CliRunner.Run(commandLine.Split(' '), env: new Dictionary<string, string> { ["ONNXEDIT_THREADS"] = threads });
        Assert.Contains("The environment variable ONNXEDIT_THREADS is 'many'; it must be a whole number from 0 to 1024", Run("eval m.onnx", "many").ExpectError(2), StringComparison.Ordinal);
        Assert.Contains("m.onnx", Run("eval m.onnx --threads 2", "many").ExpectError(3), StringComparison.Ordinal);
        Assert.Contains("[default: 3]", string.Join(' ', Run("eval --help", "3").Expect(0).StdOut.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }
}
