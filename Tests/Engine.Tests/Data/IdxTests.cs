using System.Buffers.Binary;
using System.IO.Compression;
using OnnxEdit.Engine.Data;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class IdxTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    static byte[] BigEndian(params int[] values)
    {
        var bytes = new byte[4 * values.Length];
        for (var i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4 * i), values[i]);
        return bytes;
    }

    static byte[] Images(int count) => [.. BigEndian(0x803, count, 4, 5), .. Enumerable.Range(0, count * 20).Select(i => (byte)(i / 20))];

    static byte[] Labels(int count) => [.. BigEndian(0x801, count), .. Enumerable.Range(0, count).Select(i => (byte)(i % 3))];

    static byte[] Packed(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var zip = new GZipStream(packed, CompressionLevel.Fastest))
            zip.Write(bytes);
        return packed.ToArray();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Plain_and_packed_files_give_both_parts(bool isPacked)
    {
        foreach (var (part, count) in new[] { ("train", 12), ("t10k", 4) })
        {
            _folder.Write($"{part}-images-idx3-ubyte" + (isPacked ? ".gz" : ""), isPacked ? Packed(Images(count)) : Images(count));
            _folder.Write($"{part}-labels-idx1-ubyte" + (isPacked ? ".gz" : ""), isPacked ? Packed(Labels(count)) : Labels(count));
        }

        var data = ModelData.Open(Pictures.Options(_folder.Path), InputGeometry.FromShape([1, 4, 5]));
        Assert.Equal((10, 4), (data.Train!.Count, data.Test!.Count));
        Assert.Equal([1, 4, 5], data.Test.ItemShape);
        Assert.Equal((2, 2f), (data.Test.Label(2), Pictures.Item(data.Test, 2)[19]));
    }

    [Theory]
    [InlineData(new[] { 4, 5 }, 20)]
    [InlineData(new[] { 20 }, 20)]
    [InlineData(new[] { 3, 4, 5 }, 60)]
    [InlineData(new[] { 4, 5, 1 }, 20)]
    [InlineData(new[] { -1, -1, -1 }, 20)]
    public void Grey_images_fit_every_kind_of_input(int[] shape, int length)
    {
        var path = _folder.Write("t10k-images-idx3-ubyte", Images(4));
        var items = Pictures.Whole(path, InputGeometry.FromShape(shape));
        Assert.Equal(length, items.ItemLength);
        Assert.False(items.IsLabelled);
        Assert.All(Pictures.Item(items, 3), value => Assert.Equal(3f, value));
    }

    [Fact]
    public void Missing_bytes_and_wrong_labels_are_refused()
    {
        var path = _folder.Write("train-images-idx3-ubyte", Images(4)[..50]);
        Assert.Contains("4 images of 4x5", Pictures.Refused(path, InputGeometry.FromShape([1, 4, 5])).Message, StringComparison.Ordinal);
        _folder.Write("train-images-idx3-ubyte", Images(4));
        _folder.Write("train-labels-idx1-ubyte", Labels(3));
        Assert.Contains("does not hold the 4 labels", Pictures.Refused(path, InputGeometry.FromShape([1, 4, 5])).Message, StringComparison.Ordinal);
    }
}
