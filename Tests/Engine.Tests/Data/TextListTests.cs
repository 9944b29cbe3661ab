using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Targets;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class TextListTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    void Picture(string name) => _folder.Write(name, Pictures.Encoded(4, 6, 10, 20, 30));

    ModelData Open(string path = "") => ModelData.Open(Pictures.Options(Path.Combine(_folder.Path, path)) with { TestOnly = true }, Pictures.Rgb(4, 6));

    static string[] Texts(ItemSet items) => [.. Enumerable.Range(0, items.Count).Select(i => Assert.IsType<TextTarget>(items.Target(i)).Text)];

    [Theory]
    [InlineData("labels.txt")]
    [InlineData("rec_gt.txt")]
    [InlineData("gt.txt")]
    public void Lines_name_pictures_and_what_they_say(string list)
    {
        foreach (var name in new[] { "1.png", "images/2.png", "sub/3.png" }) Picture(name);
        _folder.WriteText(list, "\uFEFF1.png\thello world \r\n\r\n2.png\t\r\nsub/3.png\ta\tb\u00E9\U0001F600\r\n");
        Assert.Equal(["hello world ", "", "a\tb\u00E9\U0001F600"], Texts(Open().Test!));
        Assert.Equal(3, Open(list).Test!.Count);
    }

    [Fact]
    public void Lists_of_parts_are_kept_apart_and_missing_pictures_are_counted()
    {
        foreach (var name in new[] { "1.png", "2.png", "3.png" }) Picture(name);
        _folder.WriteText("rec_gt_train.txt", "1.png\ta\n2.png\tb\ngone.png\tc\n");
        _folder.WriteText("rec_gt_test.txt", "3.png\td\n");
        var data = ModelData.Open(Pictures.Options(_folder.Path) with { Validation = 0 }, Pictures.Rgb(4, 6));
        Assert.Equal((2, "d"), (data.Train!.Count, Texts(data.Test!).Single()));
        Assert.Contains("1 of 3 pictures that rec_gt_train.txt names are missing and left out", data.Description, StringComparison.Ordinal);
    }

    [Fact]
    public void Bad_lists_are_refused()
    {
        Picture("1.png");
        Assert.Contains("None of the 2 pictures that", Refused("gone.png\ta\nlost.png\tb\n"), StringComparison.Ordinal);
        Assert.Contains("Line 2 of", Refused("1.png\ta\n1.png b\n"), StringComparison.Ordinal);
        _folder.Write("labels.txt", [.. "1.png\ta"u8, 0xFF, 10]);
        Assert.Contains("no UTF-8 from byte 7 on", Assert.Throws<OnnxEngineException>(() => Open()).Message, StringComparison.Ordinal);

        string Refused(string list)
        {
            _folder.WriteText("labels.txt", list);
            return Assert.Throws<OnnxEngineException>(() => Open()).Message;
        }
    }

    // A labels.txt of class names has nothing to do with it.
    [Fact]
    public void Other_lists_are_left_alone()
    {
        foreach (var name in new[] { "cat/1.png", "dog/1.png" }) Picture(name);
        _folder.Write("labels.txt", [.. "cat\nd"u8, 0xFF, 10]);
        Assert.Equal(["cat", "dog"], Open().ClassNames!);
    }

    [Fact]
    public void Labels_of_a_table_are_texts_as_well_as_classes()
    {
        Picture("1.png");
        Picture("2.png");
        _folder.WriteText("labels.csv", "path,label\n1.png,hello\n2.png,\"a, b\"\n");
        Assert.Equal(["hello", "a, b"], Texts(Open().Test!));
        Assert.Equal(["a, b", "hello"], Open().ClassNames!);
    }
}
