using System.Text.Json;
using Xunit;

namespace OnnxEdit.EndToEnd;

public sealed class EditTests(SlimSample fixture)
{
    SlimSample Sample => fixture.Whole;

    CliResult Edit(string more, string output, string? model = null) =>
        CliRunner.Run(["edit", model ?? Sample.Model, "-o", output, .. more.Split(' ', StringSplitOptions.RemoveEmptyEntries)], Sample.Folder);

    // With the points that 1,999 other images lose; a patch is silent on all of them.
    [Theory]
    [InlineData("patch", 1, 0)]
    [InlineData("last", 1, -0.05)]
    [InlineData("rmsprop --step-size 0.0001", 1, 0.1)]
    [InlineData("rmsprop", 5, 0.1)]
    [InlineData("gd --layers all", 5, -0.2)]
    [InlineData("scaled-gd --layers extra", 4, -0.05)]
    [InlineData("momentum --layers last", 5, 0.1)]
    public void An_image_gets_its_label_and_hardly_another_image_changes(string editor, int steps, double drawdown)
    {
        var (first, second) = (Sample.New(), Sample.New());
        var json = Edit($"--image test:0 --label {Other(0)} --editor {editor} --json", first).Expect(0).Json();
        Assert.Equal("onnxedit.edit/1", json.GetProperty("schema").GetString());
        var image = json.GetProperty("images")[0];
        Assert.True(image.GetProperty("success").GetBoolean());
        Assert.Equal(steps, image.GetProperty("steps").GetInt32());
        Assert.Equal(drawdown, json.GetProperty("drawdown").GetProperty("points").GetDouble(), editor == "patch" ? 1e-9 : SlimSample.Points);
        Assert.Equal(1999, json.GetProperty("drawdown").GetProperty("images").GetInt32());
        // The file does what was said, and the same call makes the same bytes.
        var edited = CliRunner.Run(["edit", first, "--image", "test:0", "--label", $"{Other(0)}", "-o", second], Sample.Folder).Expect(5);
        Assert.Contains("already", edited.StdErr, StringComparison.Ordinal);
        Edit($"--image test:0 --label {Other(0)} --editor {editor} -q", second).Expect(0);
        Assert.Equal(File.ReadAllBytes(first), File.ReadAllBytes(second));
        var entry = Assert.Single(CliRunner.Run(["inspect", first, "--json"]).Expect(0).Json().GetProperty("history").EnumerateArray());
        Assert.Equal("edit", entry.GetProperty("command").GetString());
    }

    [Fact]
    public void Thirty_images_are_edited_together_and_an_edited_model_can_be_edited_again()
    {
        var list = Path.Combine(Path.GetDirectoryName(Sample.New())!, "edits.csv");
        File.WriteAllLines(list, ["image,label", .. Enumerable.Range(0, 30).Select(i => $"test:{i},{Other(i)}")]);
        var (first, second) = (Sample.New(), Sample.New());
        var json = Edit($"--edits {list} --json", first).Expect(0).Json();
        Assert.All(json.GetProperty("images").EnumerateArray(), i => Assert.True(i.GetProperty("success").GetBoolean()));
        Assert.Equal(1.12, json.GetProperty("drawdown").GetProperty("points").GetDouble(), SlimSample.Points);
        var again = Edit($"--image test:40 --label {Other(40)} --json", second, first).Expect(0).Json();
        Assert.True(again.GetProperty("images")[0].GetProperty("success").GetBoolean());
        Assert.Equal(0.05, again.GetProperty("drawdown").GetProperty("points").GetDouble(), 0.2);
    }

    [Fact]
    public void Statistics_of_single_edits_write_no_model()
    {
        var list = Path.Combine(Path.GetDirectoryName(Sample.New())!, "singles.csv");
        File.WriteAllLines(list, Enumerable.Range(0, 20).Select(i => $"test:{i},{Other(i)}"));
        var output = Sample.New();
        var json = Edit($"--edits {list} --one-by-one --json", output).Expect(0).Json();
        Assert.Equal(20, json.GetProperty("edits").GetInt32());
        Assert.Equal(1, json.GetProperty("success").GetDouble());
        Assert.Equal(0.043, json.GetProperty("drawdown").GetProperty("points").GetDouble(), 0.02);
        // Of the unseen views of 20 images.
        Assert.Equal(0.603, json.GetProperty("generality").GetDouble(), 0.02);
        Assert.False(File.Exists(output));
    }

    [Theory]
    [InlineData("--image test:0", 2, "--label")]
    [InlineData("--label 3", 2, "--image IMAGE --label CLASS")]
    [InlineData("--image test:0 --label 12", 2, "There is no class 12: the model has 10")]
    [InlineData("--image test:0 --label cat", 2, "There is no class 'cat'; the data has 'disc'")]
    [InlineData("--image test:9999 --label 3", 4, "There is no item 9999 in the test part")]
    [InlineData("--image nowhere.png --label 3", 4, "There is no file 'nowhere.png'")]
    [InlineData("--image model.onnx --label 3", 4, "not a readable image")]
    [InlineData("--image test:0 --label 3 --step-size 1", 2, "belong to gradient editors")]
    [InlineData("--image test:0 --label 3 --editor gd --layers nothing", 2, "No layer with weights has 'nothing' in its name")]
    [InlineData("--image test:0 --label 3 --editor gd --layers chain", 2, "chain:NAME")]
    [InlineData("--image test:0 --label 3 --one-by-one", 2, "--edits FILE")]
    [InlineData("--edits onnxedit.json", 4, "is not IMAGE,LABEL")]
    public void What_cannot_be_done_is_said_and_leaves_no_file(string arguments, int code, string sentence)
    {
        var output = Sample.New();
        var result = Edit(arguments, output);
        Assert.Equal(code, result.ExitCode);
        Assert.Contains(sentence, result.StdErr, StringComparison.Ordinal);
        Assert.False(File.Exists(output));
    }

    [Fact]
    public void An_edit_that_needs_a_smaller_step_is_not_written()
    {
        var output = Sample.New();
        var result = Edit($"--image test:0 --label {Other(0)} --editor gd --step-size 1e-9", output).Expect(5);
        Assert.Contains("After 10 steps 'test:0' is still of class", result.StdErr, StringComparison.Ordinal);
        Assert.False(File.Exists(output));
    }

    JsonElement? _labels;

    // A class that a test image is not of: the one after the model's.
    int Other(int index)
    {
        _labels ??= CliRunner.Run(["edit", Sample.Model, "--edits", All(), "--one-by-one", "--json"], Sample.Folder).Expect(0).Json().GetProperty("trials");
        return (_labels.Value[index].GetProperty("before").GetInt32() + 1) % 10;
    }

    string All()
    {
        var list = Sample.New(".csv");
        File.WriteAllLines(list, Enumerable.Range(0, 50).Select(i => $"test:{i},0"));
        return list;
    }
}
