using Google.Protobuf;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;
using DataLocation = OnnxEdit.Surgery.Proto.TensorProto.Types.DataLocation;

namespace OnnxEdit.OnnxSurgery.Tests;

public sealed class ExternalDataTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void External_tensors_are_read_into_memory()
    {
        var model = OnnxModel.Load(External());
        Assert.Equal(SmallModels.Classifier(), model.Proto);
        Assert.Equal([_folder["m.onnx.data"]], model.DataFiles);
        ModelValidator.CheckRuntime(model.Proto);
    }

    [Fact]
    public void The_hash_covers_the_external_bytes()
    {
        var path = External();
        var before = OnnxModel.Load(path).Sha256;
        var data = File.ReadAllBytes(_folder["m.onnx.data"]);
        data[1] ^= 1;
        _folder.Write("m.onnx.data", data);
        Assert.NotEqual(before, OnnxModel.Load(path).Sha256);
    }

    [Fact]
    public void A_missing_length_means_what_the_shape_needs()
    {
        var model = OnnxModel.Load(External(t => t.ExternalData.Remove(t.ExternalData.Single(e => e.Key == "length"))));
        Assert.Equal(SmallModels.Classifier(), model.Proto);
    }

    [Fact]
    public void A_missing_data_file_is_named_with_where_it_was_looked_for()
    {
        var path = External();
        File.Delete(_folder["m.onnx.data"]);
        var refusal = Refusal(path);
        Assert.Contains("'m.onnx.data' of tensor 'conv1.weight' is missing", refusal);
        Assert.Contains(_folder["m.onnx.data"], refusal);
    }

    [Theory]
    [InlineData("../m.onnx.data")]
    [InlineData("sub/../../m.onnx.data")]
    [InlineData("/etc/hostname")]
    public void Locations_outside_the_folder_are_refused(string location) =>
        Assert.Contains("outside the model's folder", Refusal(External(t => Set(t, "location", location))));

    [Theory]
    [InlineData("offset", "1000000", "too short")]
    [InlineData("offset", "9223372036854775807", "too short")]
    [InlineData("offset", "-4096", "not a number")]
    [InlineData("offset", "abc", "not a number")]
    [InlineData("length", "4", "needs 2,304 bytes but its external data has length 4")]
    [InlineData("length", "9223372036854775807", "has length 9,223,372,036,854,775,807")]
    [InlineData("location", "", "names no file")]
    public void Ranges_that_do_not_fit_are_refused(string key, string value, string reason) =>
        Assert.Contains(reason, Refusal(External(t => { if (t.Name == "conv2.weight") Set(t, key, value); })));

    [Fact]
    public void A_data_file_that_is_too_short_or_empty_is_refused()
    {
        var path = External();
        var data = File.ReadAllBytes(_folder["m.onnx.data"]);
        _folder.Write("m.onnx.data", data.AsSpan(0, data.Length - 1));
        Assert.Contains("too short", Refusal(path));
        _folder.Write("m.onnx.data", []);
        Assert.Contains("is empty", Refusal(path));
    }

    [Fact]
    public void Huge_shapes_without_data_are_refused() =>
        Assert.Contains("external data has length", Refusal(External(t => t.Dims[0] = 1L << 40)));

    // Moves both convolution weights into m.onnx.data, page-aligned, and lets a test damage the references.
    string External(Action<TensorProto>? damage = null)
    {
        var proto = SmallModels.Classifier();
        using var data = new MemoryStream();
        foreach (var t in proto.Graph.Initializer.Where(t => t.Name is "conv1.weight" or "conv2.weight"))
        {
            data.SetLength(data.Position = (data.Length + 4095) / 4096 * 4096);
            t.DataLocation = DataLocation.External;
            Set(t, "location", "m.onnx.data");
            Set(t, "offset", $"{data.Position}");
            Set(t, "length", $"{t.RawData.Length}");
            data.Write(t.RawData.Span);
            t.ClearRawData();
            damage?.Invoke(t);
        }
        _folder.Write("m.onnx.data", data.ToArray());
        return _folder.Write("m.onnx", proto.ToByteArray());
    }

    static void Set(TensorProto tensor, string key, string value)
    {
        if (tensor.ExternalData.FirstOrDefault(e => e.Key == key) is { } entry) entry.Value = value;
        else tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
    }

    static string Refusal(string path) => Assert.Throws<OnnxSurgeryException>(() => OnnxModel.Load(path)).Message;
}
