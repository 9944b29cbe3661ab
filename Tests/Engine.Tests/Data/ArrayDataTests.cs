using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Arrays;
using OnnxEdit.Surgery;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class ArrayDataTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    static NpyArray Floats(int count) => NpyArray.From<float>(Enumerable.Range(0, count * 12).Select(i => i / 10f).ToArray(), count, 3, 2, 2);

    static NpyArray Bytes(params int[] shape) =>
        NpyArray.From<byte>(Enumerable.Range(0, shape.Aggregate(1, (a, b) => a * b)).Select(i => (byte)i).ToArray(), shape);

    void WriteZip(string name, params (string Key, NpyArray Array)[] arrays)
    {
        using var stream = File.Create(_folder[name]);
        using var npz = new NpzWriter(stream);
        foreach (var (key, array) in arrays)
            npz.Add(key, array);
    }

    [Fact]
    public void Floats_are_taken_as_they_are_without_any_normalisation()
    {
        NpyFile.Write(_folder["x.npy"], Floats(5));
        NpyFile.Write(_folder["y.npy"], NpyArray.From<int>([0, 1, 2, 1, 0]));
        var items = ModelData.Open(new DataOptions { Path = _folder["x.npy"], TestOnly = true }, Pictures.Rgb(2, 2)).Test!;
        Assert.Equal((5, 2), (items.Count, items.Label(2)));
        Assert.Equal(2.4f, Pictures.Item(items, 2)[0]);
        var batch = new float[24];
        items.Select([4, 1]).Fill(0, 2, batch);
        Assert.Equal((4.8f, 1.2f), (batch[0], batch[12]));
    }

    [Theory]
    [InlineData("f2")]
    [InlineData("f8")]
    [InlineData("i8")]
    public void Other_number_types_become_float32(string type)
    {
        float[] values = [.. Enumerable.Range(0, 24).Select(i => (float)i)];
        NpyFile.Write(_folder["input.npy"], type switch
        {
            "f2" => NpyArray.From<Half>(values.Select(value => (Half)value).ToArray(), 2, 3, 2, 2),
            "f8" => NpyArray.From<double>(values.Select(value => (double)value).ToArray(), 2, 3, 2, 2),
            _ => NpyArray.From<long>(values.Select(value => (long)value).ToArray(), 2, 3, 2, 2),
        });
        Assert.Equal(values[12..], Pictures.Item(Pictures.Whole(_folder["input.npy"], Pictures.Rgb(2, 2)), 1));
    }

    [Theory]
    [InlineData("input", "labels")]
    [InlineData("x", "y")]
    [InlineData("images", "y")]
    [InlineData("pixel_values", "labels")]
    public void Zips_are_read_by_the_usual_names(string inputs, string labels)
    {
        WriteZip("data.npz", (inputs, Floats(4)), (labels, NpyArray.From<long>([3, 2, 1, 0])));
        var items = Pictures.Whole(_folder["data.npz"], InputGeometry.FromShape([3, 2, 2], name: "pixel_values"));
        Assert.Equal((4, 2), (items.Count, items.Label(1)));
    }

    [Fact]
    public void A_zip_of_both_parts_keeps_them_apart()
    {
        WriteZip("mnist.npz", ("x_train", Bytes(6, 2, 3)), ("y_train", Bytes(6)), ("x_test", Bytes(2, 2, 3)), ("y_test", Bytes(2)));
        var data = ModelData.Open(Pictures.Options(_folder.Path), InputGeometry.FromShape([1, 2, 3]));
        Assert.Equal((4, 2, 1), (data.Train!.Count, data.Test!.Count, data.Test.Label(1)));
        Assert.Equal(6f, Pictures.Item(data.Test, 1)[0]);
    }

    [Fact]
    public void Bytes_are_pixels_with_channels_first_or_last()
    {
        NpyFile.Write(_folder["first.npy"], Bytes(2, 3, 2, 2));
        NpyFile.Write(_folder["last.npy"], Bytes(2, 2, 2, 3));
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], Pictures.Item(Pictures.Whole(_folder["first.npy"], Pictures.Rgb(2, 2)), 0));
        Assert.Equal([0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11], Pictures.Item(Pictures.Whole(_folder["last.npy"], Pictures.Rgb(2, 2)), 0));
        Assert.Equal(ErrorKind.Data, Pictures.Refused(_folder["last.npy"], Pictures.Rgb(2, 2), options => options with { Preprocessing = null }).Kind);
    }

    [Fact]
    public void Flat_bytes_are_pixels_too()
    {
        NpyFile.Write(_folder["x.npy"], Bytes(2, 12));
        Assert.Equal(Enumerable.Range(12, 12).Select(i => (float)i), Pictures.Item(Pictures.Whole(_folder["x.npy"], Pictures.Rgb(2, 2)), 1));
        Assert.Equal(Enumerable.Range(12, 12).Select(i => (float)i), Pictures.Item(Pictures.Whole(_folder["x.npy"], InputGeometry.FromShape([12])), 1));
        Assert.Contains("no images", Pictures.Refused(_folder["x.npy"], Pictures.Rgb(3, 3)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_takes_bytes_gets_them_unscaled()
    {
        NpyFile.Write(_folder["x.npy"], Bytes(2, 2, 2, 3));
        var input = InputGeometry.FromShape([2, 2, 3], isUInt8: true);
        var items = ModelData.Open(new DataOptions { Path = _folder["x.npy"], TestOnly = true }, input).Test!;
        Assert.Equal(Enumerable.Range(12, 12).Select(i => (float)i), Pictures.Item(items, 1));
    }

    [Fact]
    public void Wrong_shapes_labels_and_names_are_refused()
    {
        NpyFile.Write(_folder["x.npy"], Floats(4));
        Assert.Contains("[3, 2, 2] but the model takes [3, 4, 4]", Pictures.Refused(_folder["x.npy"], Pictures.Rgb(4, 4)).Message, StringComparison.Ordinal);
        NpyFile.Write(_folder["y.npy"], NpyArray.From<int>([1, 2]));
        Assert.Contains("4 integers are needed", Pictures.Refused(_folder["x.npy"], Pictures.Rgb(2, 2)).Message, StringComparison.Ordinal);
        NpyFile.Write(_folder["y.npy"], NpyArray.From<int>([1, 2, 30, 4]));
        var error = Pictures.Refused(_folder["x.npy"], Pictures.Rgb(2, 2), options => options with { Outputs = 10 });
        Assert.Contains("label 30 (item 2) but the model has 10 outputs", error.Message, StringComparison.Ordinal);
        WriteZip("z.npz", ("weights", Floats(2)));
        Assert.Contains("has the arrays weights", Pictures.Refused(_folder["z.npz"], Pictures.Rgb(2, 2)).Message, StringComparison.Ordinal);
    }
}
