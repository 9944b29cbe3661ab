using OnnxEdit.Engine.Data;
using SkiaSharp;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class ImageFolderTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    void Write(string name, byte grey = 100) => _folder.Write(name, Pictures.Encoded(4, 6, grey, 50, 20));

    [Fact]
    public void Sub_folders_are_classes_in_ordinal_order()
    {
        foreach (var name in new[] { "cat/1.png", "cat/deep/2.png", "Zebra/1.png", "dog/1.png" })
            Write(name);
        _folder.WriteText("dog/notes.txt", "not an image");
        var data = ModelData.Open(Pictures.Options(_folder.Path) with { TestOnly = true }, Pictures.Rgb(4, 6));
        Assert.Equal(["Zebra", "cat", "dog"], data.ClassNames!);
        Assert.Equal([0, 1, 1, 2], Enumerable.Range(0, 4).Select(data.Test!.Label));
    }

    [Fact]
    public void A_list_of_classes_sets_the_order()
    {
        Write("cat/1.png");
        Write("dog/1.png");
        _folder.WriteText("classes.txt", "dog\nbird\ncat\n");
        Assert.Equal([2, 0], Enumerable.Range(0, 2).Select(Pictures.Whole(_folder.Path, Pictures.Rgb(4, 6)).Label));
        _folder.WriteText("classes.txt", "dog\n");
        Assert.Contains("'cat'", Pictures.Refused(_folder.Path, Pictures.Rgb(4, 6)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parts_share_their_classes()
    {
        foreach (var name in new[] { "train/a/1.png", "train/b/1.png", "train/b/2.png", "train/c/1.png", "test/c/1.png", "test/b/1.png", "val/a/1.png" })
            Write(name);
        var data = ModelData.Open(Pictures.Options(_folder.Path), Pictures.Rgb(4, 6));
        Assert.Equal(["a", "b", "c"], data.ClassNames!);
        Assert.Equal((1, 2), (data.Test!.Label(0), data.Test.Label(1)));
        Assert.Contains("val/ not used", data.Description, StringComparison.Ordinal);
    }

    // A folder called test is a part beside one other or beside train/, and a class among several.
    [Theory]
    [InlineData("photos/a/1.png photos/b/1.png photos/b/2.png test/a/1.png test/b/1.png", "a b", 3, 2, "photos/ is taken for the training part, since test/ stands beside it")]
    [InlineData("train/a/1.png train/b/1.png train/b/2.png test/a/1.png test/b/1.png extra/1.png", "a b", 3, 2, "extra/ not used, beside train/ and test/")]
    [InlineData("cat/1.png dog/1.png dog/2.png test/1.png test/2.png", "cat dog test", 4, 1, "test/ taken for a class, since 2 others stand beside it")]
    [InlineData("plane/1.png plane/2.png train/1.png train/2.png", "plane train", 3, 1, "train/ taken for a class, since one other folder stands beside it")]
    public void What_is_a_part_and_what_a_class_is_said(string files, string classes, int train, int test, string said)
    {
        foreach (var name in files.Split(' ')) Write(name);
        var data = ModelData.Open(Pictures.Options(_folder.Path) with { Validation = 0 }, Pictures.Rgb(4, 6));
        Assert.Equal(classes.Split(' '), data.ClassNames!);
        Assert.Equal((train, test), (data.Train!.Count, data.Test!.Count));
        Assert.Contains(said, data.Description, StringComparison.Ordinal);
    }

    [Fact]
    public void A_flat_folder_takes_its_labels_from_a_list_or_has_none()
    {
        Write("1.png");
        Write("2.png", 7);
        Assert.False(Pictures.Whole(_folder.Path, Pictures.Rgb(4, 6)).IsLabelled);
        _folder.WriteText("labels.csv", "path,label\n2.png,wolf\n\"1.png\",bear\n");
        var data = ModelData.Open(Pictures.Options(_folder.Path) with { TestOnly = true }, Pictures.Rgb(4, 6));
        Assert.Equal(["bear", "wolf"], data.ClassNames!);
        Assert.Equal((1, 7f), (data.Test!.Label(0), Pictures.Item(data.Test, 0)[0]));
        _folder.WriteText("labels.csv", "1.png,4\n");
        Assert.Equal(4, Pictures.Whole(_folder.Path, Pictures.Rgb(4, 6)).Label(0));
        _folder.WriteText("labels.csv", "9.png,4\n");
        Assert.Contains("9.png", Pictures.Refused(_folder.Path, Pictures.Rgb(4, 6)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SKEncodedImageFormat.Png, ".png", 0)]
    [InlineData(SKEncodedImageFormat.Jpeg, ".jpg", 3)]
    [InlineData(SKEncodedImageFormat.Webp, ".WEBP", 3)]
    public void Every_image_format_is_decoded_to_red_green_blue(SKEncodedImageFormat format, string extension, int tolerance)
    {
        _folder.Write("image" + extension, Pictures.Encoded(4, 6, 200, 100, 50, format));
        var item = Pictures.Item(Pictures.Whole(_folder.Path, Pictures.Rgb(4, 6)), 0);
        Assert.InRange(item[0], 200 - tolerance, 200 + tolerance);
        Assert.InRange(item[24], 100 - tolerance, 100 + tolerance);
        Assert.InRange(item[71], 50 - tolerance, 50 + tolerance);
    }

    [Fact]
    public void A_bitmap_is_decoded()
    {
        // One row of two 24-bit pixels, blue first, padded to 8 bytes.
        byte[] header = [66, 77, 62, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 24, 0];
        _folder.Write("a.bmp", [.. header, .. new byte[24], 1, 2, 3, 4, 5, 6, 0, 0]);
        Assert.Equal([3, 6, 2, 5, 1, 4], Pictures.Item(Pictures.Whole(_folder.Path, Pictures.Rgb(1, 2)), 0));
    }

    [Fact]
    public void Broken_and_odd_images_are_refused_by_name()
    {
        var png = Pictures.Encoded(40, 60, 1, 2, 3);
        _folder.Write("a.png", png[..(png.Length / 2)]);
        Assert.Contains("a.png", Pictures.Refused(_folder.Path, Pictures.Rgb(40, 60)).Message, StringComparison.Ordinal);
        _folder.WriteText("a.png", "nonsense");
        Assert.Contains("not a readable image", Pictures.Refused(_folder.Path, Pictures.Rgb(40, 60)).Message, StringComparison.Ordinal);
        _folder.Write("a.png", png);
        _folder.Write("b.png", Pictures.Encoded(41, 60, 1, 2, 3));
        var items = Pictures.Whole(_folder.Path, Pictures.Rgb(-1, -1));
        Assert.Equal([3, 40, 60], items.ItemShape);
        var error = Assert.Throws<OnnxEngineException>(() => items.Fill(0, 2, new float[2 * items.ItemLength]));
        Assert.Contains("b.png' is 41x60", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Empty_and_one_sided_folders_are_refused()
    {
        Assert.Contains("holds no images", Pictures.Refused(_folder.Path, Pictures.Rgb(4, 6)).Message, StringComparison.Ordinal);
        Assert.Contains("no file or folder", Pictures.Refused(_folder["none"], Pictures.Rgb(4, 6)).Message, StringComparison.Ordinal);
        Write("cat/1.png");
        Assert.Contains("single class folder", Pictures.Refused(_folder.Path, Pictures.Rgb(4, 6)).Message, StringComparison.Ordinal);
        Directory.CreateDirectory(_folder["dog"]);
        Assert.Contains("dog' holds no images", Pictures.Refused(_folder.Path, Pictures.Rgb(4, 6)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_image_is_too_few_to_split()
    {
        Write("1.png");
        Assert.Contains("1 item, too few", Pictures.Refused(_folder.Path, Pictures.Rgb(4, 6)).Message, StringComparison.Ordinal);
    }
}
