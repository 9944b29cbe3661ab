using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Arrays;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Engine.Data.Sources;
using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Surgery;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class MaskDataTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    void Picture(string name, int height = 2, int width = 3) => _folder.Write(name, Pictures.Encoded(height, width, 10, 20, 30));

    ModelData Open(int height = 2, int width = 3, ImageResize? resize = null) =>
        ModelData.Open(Pictures.Options(_folder.Path) with { TestOnly = true, Preprocessing = Preprocessing.Raw with { Resize = resize } }, Pictures.Rgb(height, width));

    static MaskTarget Mask(ItemSet items, int index) => Assert.IsType<MaskTarget>(items.Target(index));

    string Refused(Action read)
    {
        var refusal = Assert.Throws<OnnxEngineException>(read);
        Assert.Equal(ErrorKind.Data, refusal.Kind);
        return refusal.Message.Replace(_folder.Path + Path.DirectorySeparatorChar, "", StringComparison.Ordinal).Replace('\\', '/');
    }

    // What is stored is read, at any depth and by any filter of rows.
    [Theory]
    [InlineData(8, true)]
    [InlineData(4, true)]
    [InlineData(2, true)]
    [InlineData(1, true)]
    [InlineData(8, false)]
    [InlineData(4, false)]
    [InlineData(1, false)]
    public void Numbers_of_png_files_are_read_as_they_are_stored(int depth, bool isPalette)
    {
        var random = new Random(depth);
        var samples = new int[11, 13];
        for (var y = 0; y < 11; y++)
            for (var x = 0; x < 13; x++) samples[y, x] = random.Next(1 << depth);
        var path = _folder.Write("mask.png", PngFiles.Encoded(samples, depth, isPalette, [0, 1, 2, 3, 4]));
        var mask = MaskDecoder.Read(path);
        Assert.Equal((13, 11), (mask.Width, mask.Height));
        Assert.Equal(samples.Cast<int>(), mask.Classes.Select(value => (int)value));
        // The files are such as another decoder reads, too.
        if (depth == 8 && !isPalette) Assert.Equal(mask.Classes, ImageDecoder.Decode(File.ReadAllBytes(path), path).Pixels.Where((_, i) => i % 3 == 0));
    }

    [Fact]
    public void Masks_belong_to_the_pictures_of_their_names()
    {
        foreach (var name in new[] { "images/b.jpg", "images/a.png", "images/deep/c.png", "images/none.png" }) Picture(name);
        _folder.Write("masks/a.png", PngFiles.Encoded(new[,] { { 0, 1, 2 }, { 3, 4, 255 } }));
        _folder.Write("masks/b_mask.png", PngFiles.Encoded(new[,] { { 1, 1, 1 }, { 1, 1, 1 } }, 4, isPalette: true));
        _folder.Write("masks/deep/c.png", PngFiles.Encoded(new[,] { { 2, 2, 2 }, { 0, 0, 0 } }));
        var data = Open();
        Assert.Contains("1 of 4 pictures have no mask and are left out", data.Description, StringComparison.Ordinal);
        Assert.Equal(3, data.Test!.Count);
        Assert.Equal([0, 1, 2, 3, 4, 255], Mask(data.Test, 0).Classes);
        Assert.All(Mask(data.Test, 1).Classes, c => Assert.Equal(1, c));
        Assert.Equal([0, 0, 0], Mask(data.Test.Select([2, 0]), 0).Classes[3..]);
        Assert.Equal(10, Pictures.Item(data.Test, 0)[0]);
    }

    [Fact]
    public void Parts_are_kept_apart()
    {
        foreach (var name in new[] { "train/images/a.png", "train/images/b.png", "train/images/c.png", "val/images/d.png" }) Picture(name);
        foreach (var name in new[] { "train/masks/a.png", "train/masks/b.png", "train/masks/c.png", "val/masks/d.png" }) _folder.Write(name, PngFiles.Encoded(new[,] { { 0, 1, 2 }, { 0, 1, 2 } }));
        var data = ModelData.Open(Pictures.Options(_folder.Path) with { Validation = 0 }, Pictures.Rgb(2, 3));
        Assert.Equal((3, 1), (data.Train!.Count, data.Test!.Count));
        Assert.Equal([0, 1, 2], Mask(data.Test, 0).Classes[..3]);
    }

    [Fact]
    public void White_is_a_class_only_where_all_masks_are_black_and_white()
    {
        foreach (var name in new[] { "a", "b", "c" }) Picture($"images/{name}.png");
        _folder.Write("masks/a.png", PngFiles.Encoded(new[,] { { 0, 0, 0 }, { 0, 0, 0 } }));
        _folder.Write("masks/b.png", PngFiles.Encoded(new[,] { { 0, 255, 0 }, { 255, 0, 0 } }));
        _folder.Write("masks/c.png", PngFiles.Encoded(new[,] { { 255, 0, 0 }, { 0, 0, 0 } }));
        var data = Open();
        Assert.Contains("white is class 1, since the masks are black and white", data.Description, StringComparison.Ordinal);
        Assert.Equal([0, 1, 0, 1, 0, 0], Mask(data.Test!, 1).Classes);
        _folder.Write("masks/c.png", PngFiles.Encoded(new[,] { { 255, 1, 0 }, { 0, 0, 0 } }));
        Assert.Equal([0, 255, 0, 255, 0, 0], Mask(Open().Test!, 1).Classes);
        // Masks that were not looked at are refused where they are otherwise.
        var items = data.Test!;
        Assert.Equal("The mask 'masks/c.png' holds 1, while others are black and white; give masks of classes, or black and white ones only.", Refused(() => items.Target(2)));
    }

    // The mask goes the way of its picture: each pixel is the nearest, and what is put around counts for nothing.
    [Fact]
    public void Masks_are_fitted_as_their_pictures_are()
    {
        Picture("images/a.png", 4, 8);
        var stored = new int[4, 8];
        for (var y = 0; y < 4; y++)
            for (var x = 0; x < 8; x++) stored[y, x] = 10 * y + x;
        stored[1, 1] = 255;
        _folder.Write("masks/a.png", PngFiles.Encoded(stored));
        Assert.Equal([255, 13, 15, 17, 31, 33, 35, 37], Fitted(2, 4, "2x4").Classes);
        Assert.Equal([255, 255, 255, 255, 255, 13, 15, 17, 31, 33, 35, 37, 255, 255, 255, 255], Fitted(4, 4, "pad:4x4").Classes);
        // Shorter edge 2, then the middle: columns 3 and 5 of 1, 3, 5, 7.
        Assert.Equal([13, 15, 33, 35], Fitted(2, 2, "2").Classes);
        Assert.Equal(stored.Cast<int>(), Mask(Open(4, 8).Test!, 0).Classes.Select(c => (int)c));

        MaskTarget Fitted(int height, int width, string resize) => Mask(Open(height, width, ImageResize.Parse(resize)).Test!, 0);
    }

    [Fact]
    public void Bad_masks_are_named()
    {
        Picture("images/a.png");
        _folder.Write("masks/other.png", PngFiles.Encoded(new[,] { { 0 } }));
        Assert.Equal("No picture in 'images' has a mask in 'masks'; a mask is a png or bmp file named as its picture, or the same with _mask.", Refused(() => Open()));
        _folder.Write("masks/a.png", PngFiles.Encoded(new[,] { { 0, 1 } }));
        Assert.Equal("The mask 'masks/a.png' is 1x2, but its picture 'images/a.png' is 2x3; each needs the size of the other.", Refused(() => Open().Test!.Target(0)));
        _folder.Write("masks/a.png", Pictures.Encoded(2, 3, 1, 2, 3));
        Assert.StartsWith("'masks/a.png' has coloured pixels", Refused(() => Open()), StringComparison.Ordinal);
        var good = PngFiles.Encoded(new[,] { { 0, 1, 2 }, { 0, 1, 2 } }, 4, isPalette: true);
        _folder.Write("masks/a.png", good[..^30]);
        Assert.StartsWith("'masks/a.png' is a damaged png", Refused(() => Open()), StringComparison.Ordinal);
        _folder.Write("masks/a.png", PngFiles.Encoded(new[,] { { 0, 1, 2 }, { 0, 1, 2 } }, 4, isPalette: true, isInterlaced: true));
        Assert.Contains("interlaced png of 4 bits", Refused(() => Open()), StringComparison.Ordinal);
        good[24] = 16;
        _folder.Write("masks/a.png", good);
        Assert.Contains("16 bits per pixel", Refused(() => Open()), StringComparison.Ordinal);
    }

    // Any file that has been cut or overwritten somewhere is read or refused in a sentence.
    [Fact]
    public void Damaged_files_end_in_a_sentence()
    {
        var good = PngFiles.Encoded(new[,] { { 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 1, 1, 2, 2 } }, 2, isPalette: true, filters: [4, 3]);
        var random = new Random(3);
        var refused = 0;
        for (var trial = 0; trial < 600; trial++)
        {
            var bad = (byte[])good.Clone();
            // Sizes stay: a file may well say that it is as large as it likes.
            for (var i = random.Next(1, 4); i > 0; i--) bad[random.Next(24, bad.Length)] = (byte)random.Next(256);
            var path = _folder.Write("bad.png", trial % 2 == 0 ? bad : bad[..random.Next(bad.Length)]);
            if (Record.Exception(() => MaskDecoder.Read(path)) is not { } failure) continue;
            Assert.Equal(ErrorKind.Data, Assert.IsType<OnnxEngineException>(failure).Kind);
            refused++;
        }
        Assert.InRange(refused, 150, 599);
    }

    void WriteZip(params (string Key, NpyArray Array)[] arrays)
    {
        using var stream = File.Create(_folder["data.npz"]);
        using var npz = new NpzWriter(stream);
        foreach (var (key, array) in arrays) npz.Add(key, array);
    }

    ItemSet Zip() => ModelData.Open(Pictures.Options(_folder["data.npz"]) with { TestOnly = true }, Pictures.Rgb(2, 3)).Test!;

    static readonly NpyArray _floats = NpyArray.From<float>(new float[2 * 18], 2, 3, 2, 3);

    [Theory]
    [InlineData("masks")]
    [InlineData("labels")]
    [InlineData("y")]
    public void Arrays_of_a_class_per_pixel_are_masks(string key)
    {
        WriteZip(("x", _floats), (key, NpyArray.From<long>([0, 1, 2, 3, -1, 255, 7, 7, 7, 7, 7, 7], 2, 2, 3)));
        Assert.Equal([0, 1, 2, 3, 255, 255], Mask(Zip(), 0).Classes);
        Assert.Equal((3, 2), (Mask(Zip(), 1).Width, Mask(Zip(), 1).Height));
        WriteZip(("x", NpyArray.From<byte>(new byte[2 * 18], 2, 2, 3, 3)), (key, NpyArray.From<byte>(new byte[12], 2, 1, 2, 3)));
        Assert.Equal(new byte[6], Mask(Zip(), 1).Classes);
    }

    [Fact]
    public void Arrays_of_masks_that_do_not_fit_are_refused()
    {
        WriteZip(("x", _floats), ("masks", NpyArray.From<long>(new long[12], 2, 3, 2)));
        Assert.Equal("The masks of 'data.npz:x' are 3x2, but its items are [3, 2, 3]; masks need the height and width of their pictures.", Refused(() => Zip()));
        WriteZip(("x", _floats), ("masks", NpyArray.From<long>([.. new long[11], 300], 2, 2, 3)));
        Assert.Contains("hold 300", Refused(() => Zip()), StringComparison.Ordinal);
        WriteZip(("x", _floats), ("masks", NpyArray.From<long>([.. new long[11], 255], 2, 2, 3)));
        Assert.Contains("hold 0 and 255 only", Refused(() => Zip()), StringComparison.Ordinal);
        WriteZip(("x", _floats), ("masks", NpyArray.From<long>(new long[18], 3, 2, 3)));
        Assert.Contains("must count its 2 items", Refused(() => Zip()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("targets")]
    [InlineData("y")]
    public void Floats_are_numbers_that_the_model_should_return(string key)
    {
        WriteZip(("x", _floats), (key, NpyArray.From<double>([0.5, 1, 2, 3], 2, 2)));
        Assert.Equal([2f, 3f], Assert.IsType<ValuesTarget>(Zip().Target(1)).Values);
        Assert.False(Zip().IsLabelled);
        WriteZip(("x", _floats), (key, NpyArray.From<float>([1, 0], 2)));
        Assert.Equal([0f], Assert.IsType<ValuesTarget>(Zip().Target(1)).Values);
    }

    [Fact]
    public void Classes_may_stand_beside_masks()
    {
        WriteZip(("x", _floats), ("labels", NpyArray.From<long>([4, 5])), ("masks", NpyArray.From<byte>([0, 1, 2, 3, 4, 5, 0, 0, 0, 0, 0, 0], 2, 2, 3)));
        Assert.Equal((5, (byte)5), (Zip().Label(1), Mask(Zip(), 0).Classes[5]));
        WriteZip(("x", _floats), ("target", NpyArray.From<long>([4, 5])));
        Assert.Equal((5, null), (Zip().Label(1), Zip().Target(1)));
    }
}
