using System.IO.Compression;
using System.Text;
using Google.Protobuf;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public sealed class OnnxModelLoadTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_healthy_model_loads_with_its_path_and_hash()
    {
        var proto = SmallModels.Classifier();
        var model = OnnxModel.Load(_folder.Write("m.onnx", proto.ToByteArray()));
        Assert.Equal(proto, model.Proto);
        Assert.Equal(_folder["m.onnx"], model.Path);
        Assert.Equal(new OnnxModel(proto).Sha256, model.Sha256);
        Assert.Empty(model.DataFiles);
    }

    [Fact]
    public void A_missing_file_a_folder_and_an_empty_file_are_named()
    {
        Assert.Contains("There is no file", Refusal(_folder["none.onnx"]));
        Assert.Contains("is a folder", Refusal(_folder.Path));
        Assert.Contains("is empty", Refusal(_folder.Write("empty.onnx", [])));
        Assert.Contains("There is no file", Refusal(""));
    }

    [Fact]
    public void A_device_is_not_read_for_ever()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("Needs /dev/zero.");
        Assert.Contains("is empty", Refusal("/dev/zero"));
    }

    [Theory]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "Git LFS pointer")]
    [InlineData("<!DOCTYPE html>\n<html><body>Not Found</body></html>", "web page")]
    [InlineData("\n  <HTML lang=\"en\">", "web page")]
    [InlineData("<?xml version=\"1.0\"?><net name=\"model\"/>", "XML")]
    [InlineData("{\"error\": \"not found\"}", "JSON")]
    [InlineData("404: Not Found", "text file")]
    [InlineData("für Größe 模型 nothing but words\n", "text file")]
    [InlineData("\u001c\0\0\0TFL3\u0014\0 \0", "TensorFlow Lite")]
    [InlineData("\u0020\0\0\0ORTM\u0014\0 \0", "ORT-format")]
    [InlineData("GGUF\u0003\0\0\0", "GGUF")]
    public void Content_of_another_kind_is_recognised(string content, string kind) =>
        Assert.Contains(kind, Refusal(_folder.Write("m.onnx", Encoding.UTF8.GetBytes(content))));

    [Fact]
    public void Binary_content_of_another_kind_is_recognised()
    {
        Assert.Contains("PyTorch checkpoint", Refusal(_folder.Write("m.pt", Zip("archive/data.pkl"))));
        Assert.Contains("Keras", Refusal(_folder.Write("m.keras", Zip("config.json"))));
        Assert.Contains("ZIP archive", Refusal(_folder.Write("m.zip", Zip("readme.txt"))));
        Assert.Contains("Python pickle", Refusal(_folder.Write("m.pth", [0x80, 0x02, 0x8A, 0x0A, 0x6C])));
        Assert.Contains("HDF5", Refusal(_folder.Write("m.h5", [0x89, .. "HDF\r\n\u001a\n"u8, 0, 0])));
        Assert.Contains("gzip", Refusal(_folder.Write("m.gz", [0x1F, 0x8B, 8, 0, 0])));
        Assert.Contains("safetensors", Refusal(_folder.Write("m.safetensors", [.. BitConverter.GetBytes(8L), .. "{\"a\":{} }"u8])));
        Assert.Contains("image", Refusal(_folder.Write("m.png", [0x89, .. "PNG\r\n\u001a\n"u8])));
        Assert.Contains("NumPy", Refusal(_folder.Write("m.npy", [0x93, .. "NUMPY"u8, 1, 0])));
    }

    [Fact]
    public void Random_bytes_are_not_a_protobuf()
    {
        var bytes = new byte[5000];
        new Random(3).NextBytes(bytes);
        Assert.Contains("not an ONNX model", Refusal(_folder.Write("m.onnx", bytes)));
    }

    [Fact]
    public void A_protobuf_of_another_program_has_no_graph() =>
        Assert.Contains("holds no ONNX graph", Refusal(_folder.Write("saved_model.pb", [0x08, 0x01])));

    [Fact]
    public void A_truncated_file_says_how_much_is_missing()
    {
        var bytes = SmallModels.Classifier().ToByteArray();
        var refusal = Refusal(_folder.Write("m.onnx", bytes.AsSpan(0, bytes.Length / 2)));
        Assert.Contains("truncated", refusal);
        // The graph is followed by the opset import, which the walk over the outermost fields never reaches.
        var opset = 2 + new OperatorSetIdProto { Domain = "", Version = 17 }.CalculateSize();
        Assert.Contains($"{bytes.Length - bytes.Length / 2 - opset:N0} bytes", refusal);
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        var bytes = SmallModels.Classifier().ToByteArray();
        foreach (var length in Enumerable.Range(0, 200).Select(i => i * bytes.Length / 200))
            Refusal(_folder.Write("m.onnx", bytes.AsSpan(0, length)));
    }

    [Fact]
    public void A_defect_is_reported_with_the_file_name()
    {
        var proto = SmallModels.Classifier();
        proto.OpsetImport.Clear();
        var refusal = Refusal(_folder.Write("m.onnx", proto.ToByteArray()));
        Assert.Contains("m.onnx", refusal);
        Assert.Contains("opset_import", refusal);
    }

    static byte[] Zip(string entry)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        using (var content = zip.CreateEntry(entry).Open())
            content.Write("content"u8);
        return stream.ToArray();
    }

    static string Refusal(string path)
    {
        var message = Assert.Throws<OnnxSurgeryException>(() => OnnxModel.Load(path)).Message;
        Assert.EndsWith(".", message);
        Assert.DoesNotContain('\n', message);
        return message;
    }
}
