using System.IO.Compression;
using System.Text;
using OnnxEdit.Engine.Data.Arrays;
using OnnxEdit.Surgery;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class NpyTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    static byte[] Bytes(NpyArray array)
    {
        using var stream = new MemoryStream();
        NpyFile.Write(stream, array);
        return stream.ToArray();
    }

    [Fact]
    public void Header_is_the_one_NumPy_writes()
    {
        var bytes = Bytes(NpyArray.From<float>([1, 2, 3, 4, 5, 6], 2, 3));
        Assert.Equal(128 + 24, bytes.Length);
        Assert.Equal("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", Encoding.ASCII.GetString(bytes, 10, 118).TrimEnd());
        Assert.StartsWith("\u0001\0v\0", Encoding.ASCII.GetString(bytes, 6, 4), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_type_survives_a_round_trip()
    {
        Check<float>([1.5f, -2]);
        Check<double>([1.5, -2]);
        Check<Half>([(Half)1.5f, (Half)(-2f)]);
        Check<byte>([1, 255]);
        Check<sbyte>([1, -128]);
        Check<short>([1, -2]);
        Check<int>([1, -2]);
        Check<long>([1, long.MinValue]);
        static void Check<T>(T[] values) where T : unmanaged, System.Numerics.INumber<T>
        {
            var read = NpyFile.Read(new MemoryStream(Bytes(NpyArray.From<T>(values))), "test");
            Assert.Equal([2], read.Shape);
            Assert.Equal(values.Select(double.CreateChecked), read.ToDoubles());
            Assert.Equal(values.Select(long.CreateTruncating), read.ToInt64s());
        }
    }

    [Theory]
    [InlineData("'>f4'", "False", "big-endian")]
    [InlineData("'<f4'", "True ", "Fortran order")]
    [InlineData("'<c8'", "False", "type c8")]
    public void Other_orders_and_types_are_refused_in_a_sentence(string type, string order, string said)
    {
        var text = Encoding.Latin1.GetString(Bytes(NpyArray.From<float>([1, 2, 3, 4], 2, 2)))
            .Replace("'<f4'", type, StringComparison.Ordinal).Replace("False", order, StringComparison.Ordinal);
        var error = Assert.Throws<OnnxEngineException>(() => NpyFile.Read(new MemoryStream(Encoding.Latin1.GetBytes(text)), "a.npy"));
        Assert.Equal(ErrorKind.Data, error.Kind);
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_truncated_array_is_refused()
    {
        var bytes = Bytes(NpyArray.From<float>([1, 2, 3, 4]));
        Assert.Throws<OnnxEngineException>(() => NpyFile.Read(new MemoryStream(bytes[..^1]), "a.npy"));
        Assert.Throws<OnnxEngineException>(() => NpyFile.Read(new MemoryStream(bytes[..60]), "a.npy"));
        Assert.Throws<OnnxEngineException>(() => NpyFile.Read(new MemoryStream([1, 2, 3]), "a.npy"));
    }

    [Fact]
    public void A_zip_of_arrays_has_the_same_bytes_every_time()
    {
        static byte[] Write()
        {
            using var stream = new MemoryStream();
            using (var npz = new NpzWriter(stream))
            {
                npz.AddText("manifest.json", "{\"schema\":\"test/1\"}");
                npz.Add("sum", NpyArray.From<double>([1, 2]));
                npz.Add("gram", NpyArray.From<float>([3], 1, 1));
            }

            return stream.ToArray();
        }

        var first = Write();
        Assert.Equal(first, Write());
        using (var zip = new ZipArchive(new MemoryStream(first)))
            Assert.All(zip.Entries, entry => Assert.Equal(new DateTime(1980, 1, 1), entry.LastWriteTime.DateTime));
        using var read = NpzFile.Open(_folder.Write("a.moments", first));
        Assert.Equal(["sum", "gram"], read.Keys);
        Assert.Equal([1, 2], read.Read("sum").ToDoubles());
        Assert.Equal([1, 1], read.Read("gram").Shape);
        Assert.True(read.HasFile("manifest.json"));
        Assert.Contains("test/1", read.ReadText("manifest.json"), StringComparison.Ordinal);
        Assert.Contains("manifest.json", Assert.Throws<OnnxEngineException>(() => read.Read("mean")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Something_else_is_no_zip_of_arrays() =>
        Assert.Equal(ErrorKind.Data, Assert.Throws<OnnxEngineException>(() => NpzFile.Open(_folder.Write("a.npz", 1, 2, 3))).Kind);
}
