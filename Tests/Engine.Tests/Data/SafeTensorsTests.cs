using System.Buffers.Binary;
using System.Text;
using OnnxEdit.Engine.Data.Arrays;
using OnnxEdit.Surgery;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class SafeTensorsTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    SafeTensors Load(string header, params byte[] values)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        return SafeTensors.Load(_folder.Write("file.safetensors", [.. length, .. json, .. values]));
    }

    [Fact]
    public void A_file_gives_back_what_was_written()
    {
        var file = new SafeTensors();
        file.Tensors["b"] = ([2, 2], new double[] { 1, 2, 3, 4 });
        file.Tensors["a"] = ([3], new float[] { 5, 6, 7 });
        file.Tensors["none"] = ([0, 4], Array.Empty<float>());
        file.Metadata["ключ"] = "a \"value\"";
        file.Save(_folder["whole.safetensors"], overwrite: false);
        var read = SafeTensors.Load(_folder["whole.safetensors"]);
        Assert.Equal(file.Sha256(), read.Sha256());
        Assert.Equal(file.Metadata, read.Metadata);
        Assert.Equal([2, 2], read.Tensors["b"].Shape);
        Assert.Equal([5, 6, 7], (float[])read.Tensors["a"].Values);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"a\"")]
    [InlineData("{\"a\":null}")]
    [InlineData("{\"a\":[]}")]
    [InlineData("{\"a\":{}}")]
    [InlineData("{\"a\":{\"dtype\":null,\"shape\":[1],\"data_offsets\":[0,4]}}")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[]}}")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]}}")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1,-1],\"data_offsets\":[0,4]}}")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775807,9223372036854775807],\"data_offsets\":[0,4]}}")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,4]}}")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}")]
    [InlineData("{\"__metadata__\":{\"a\":1}}")]
    [InlineData("{\"__metadata__\":{\"a\":null}}")]
    [InlineData("{\"__metadata__\":{\"a\":\"\\ud800\"}}")]
    [InlineData("{\"__metadata__\":null}")]
    public void A_header_that_is_none_is_refused_with_one_sentence(string header)
    {
        var error = Assert.Throws<OnnxEngineException>(() => Load(header, 1, 2, 3, 4));
        Assert.Equal(ErrorKind.Data, error.Kind);
        Assert.Equal($"'{_folder["file.safetensors"]}' is no file of attributions: its header cannot be read.", error.Message);
    }

    [Theory]
    [InlineData("{\"a\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]}}", "tensor 'a' is neither float32 nor float64.")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", "it ends too early.")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", "it ends too early.")]
    [InlineData("{\"a\":{\"dtype\":\"F64\",\"shape\":[1152921504606846975],\"data_offsets\":[0,9223372036854775800]}}", "it ends too early.")]
    public void What_a_file_lacks_is_said(string header, string why) =>
        Assert.EndsWith(why, Assert.Throws<OnnxEngineException>(() => Load(header, 1, 2, 3, 4)).Message, StringComparison.Ordinal);
}
