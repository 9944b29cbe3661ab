using OnnxEdit.Engine.Data.Sources;
using OnnxEdit.Surgery;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class LabelListTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    IReadOnlyList<LabelList.Entry> Read(string text, bool hasComments = false)
    {
        _folder.WriteText("list.csv", text);
        return LabelList.Read(_folder["list.csv"], entry => entry is { Image: "image", Label: "label" }, hasComments);
    }

    [Theory]
    [InlineData("a.png,cat", "a.png", "cat")]
    [InlineData("  a.png ,\tcat ", "a.png", "cat")]
    [InlineData("\"a.png\",\"cat\"", "a.png", "cat")]
    [InlineData(" \"a.png\" , \"cat\" ", "a.png", "cat")]
    [InlineData("\"a, b.png\",cat", "a, b.png", "cat")]
    [InlineData("a.png,\"cat, big\"", "a.png", "cat, big")]
    [InlineData("a, b.png,cat", "a, b.png", "cat")]
    [InlineData("a, b.png , \"cat, big\"", "a, b.png", "cat, big")]
    [InlineData("\"the \"\"cat\"\".png\",\"a \"\"cat\"\"\"", "the \"cat\".png", "a \"cat\"")]
    [InlineData("\"\"\"\",\"\"\"x\"", "\"", "\"x")]
    [InlineData("\" a.png \",\" cat \"", " a.png ", " cat ")]
    [InlineData("5\" screen.png,cat", "5\" screen.png", "cat")]
    [InlineData("test:17,3", "test:17", "3")]
    public void A_line_is_an_image_and_its_label(string line, string image, string label)
    {
        var entry = Assert.Single(Read(line));
        Assert.Equal((1, image, label), (entry.Line, entry.Image, entry.Label));
    }

    [Theory]
    [InlineData("a.png", "it has no label")]
    [InlineData("a.png,", "it has no label")]
    [InlineData("a.png, \"\"", "it has no label")]
    [InlineData(",cat", "it has no image")]
    [InlineData("\"\",cat", "it has no image")]
    [InlineData("\"a.png,cat", "a quote is not closed")]
    [InlineData("a.png,\"cat\"\"", "a quote is not closed")]
    [InlineData("\"a\"b.png,cat", "text follows a closing quote")]
    [InlineData("\"a.png\",cat,dog", "it has more than two values")]
    [InlineData("a,\"b.png\",cat", "it has more than two values")]
    public void A_fault_is_one_sentence_with_the_number_of_its_line(string line, string why)
    {
        var error = Assert.Throws<OnnxEngineException>(() => Read($"image,label\r\n\r\nx.png,dog\r\n{line}\r\ny.png,dog\r\n"));
        Assert.Equal(ErrorKind.Data, error.Kind);
        Assert.StartsWith($"Line 4 of '{_folder["list.csv"]}' is not IMAGE,LABEL: {why}", error.Message, StringComparison.Ordinal);
        Assert.EndsWith($" It reads '{line}'.", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\r")]
    public void Blank_lines_and_line_ends_do_not_matter_and_lines_are_counted_from_one(string end)
    {
        var entries = Read(string.Join(end, ["\uFEFFimage,label", "", "a.png,cat", "  \t", "\"b,c.png\",dog", ""]));
        Assert.Equal([new(3, "a.png", "cat"), new(5, "b,c.png", "dog")], entries);
    }

    [Fact]
    public void Only_the_first_entry_can_be_a_header() =>
        Assert.Equal(["a.png", "image"], Read("image,label\na.png,cat\nimage,label\n").Select(entry => entry.Image));

    [Fact]
    public void Comments_are_passed_over_where_there_may_be_any()
    {
        const string text = "# the 5\" ones, by hand\n#1.png,cat\na.png,cat\n";
        Assert.Equal([new(3, "a.png", "cat")], Read(text, hasComments: true));
        Assert.Equal(["# the 5\" ones", "#1.png", "a.png"], Read(text).Select(entry => entry.Image));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    [InlineData("image,label\n")]
    public void A_list_without_images_is_refused(string text) =>
        Assert.Contains("lists no images; write lines IMAGE,LABEL.", Assert.Throws<OnnxEngineException>(() => Read(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_line_that_is_no_text_is_shown_cut_and_printable()
    {
        var error = Assert.Throws<OnnxEngineException>(() => Read(new string('x', 40) + "\u001b[2J" + new string('y', 100_000)));
        Assert.DoesNotContain('\u001b', error.Message);
        Assert.True(error.Message.Length < 300 + _folder.Path.Length, error.Message);
    }
}
