using System.Buffers;
using System.Text;
using OnnxEdit.Engine.Deployment;
using Xunit;

namespace OnnxEdit.Serving.Tests;

public sealed class InferJsonTests
{
    [Fact]
    public void Elements_may_stand_before_their_type_and_be_nested()
    {
        var request = Read("""{"inputs":[{"data":[[1,2],[3,4.5]],"name":"x","shape":[2,2],"datatype":"FP32"}],"id":"i","unknown":[{"a":1}]}""");
        Assert.Equal("i", request.Id);
        Assert.Equal(new float[] { 1, 2, 3, 4.5f }, System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(request.Inputs[0].Bytes.Span).ToArray());
    }

    [Theory]
    [InlineData("FP32", "[2,3]", "[[1,2],[3,4],[5,6]]", "an array of 2 stands where one of 3 belongs")]
    [InlineData("INT64", "[2,3]", "[[1,2,3],[4,5,6],[]]", "an array of 0 stands where one of 3 belongs")]
    [InlineData("FP32", "[2,3]", "[[1,2,3]]", "an array of 1 stands where one of 2 belongs")]
    [InlineData("FP32", "[2,3]", "[1,2,3,[4,5,6]]", "numbers and arrays side by side")]
    [InlineData("FP32", "[2,3]", "[[1,2,3],4,5,6]", "a value where an array belongs")]
    [InlineData("FP32", "[6]", "[[1,2,3,4,5,6]]", "deeper than its shape")]
    [InlineData("FP32", "[2,1,3]", "[[1,2,3],[4,5,6]]", "a value where an array belongs")]
    [InlineData("BYTES", "[2,1]", "[[\"a\",\"b\"]]", "an array of 2 stands where one of 1 belongs")]
    public void Nested_data_that_contradicts_the_shape_is_refused(string datatype, string shape, string data, string why)
    {
        var refused = Assert.Throws<Engine.OnnxEngineException>(() => Read($$"""{"inputs":[{"name":"x","shape":{{shape}},"datatype":"{{datatype}}","data":{{data}}}]}"""));
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[2,3]", "[1,2,3,4,5,6]")]
    [InlineData("[2,3]", "[[1,2,3],[4,5,6]]")]
    [InlineData("[1,2,3]", "[[[1,2,3],[4,5,6]]]")]
    [InlineData("[6,1]", "[[1],[2],[3],[4],[5],[6]]")]
    public void Flat_data_and_data_nested_as_the_shape_says_are_the_same(string shape, string data)
    {
        var request = Read($$"""{"inputs":[{"name":"x","shape":{{shape}},"datatype":"UINT8","data":{{data}}}]}""");
        Assert.Equal([1, 2, 3, 4, 5, 6], request.Inputs[0].Bytes.ToArray());
    }

    [Fact]
    public void Tensors_behind_the_json_are_taken_in_order()
    {
        var json = Encoding.UTF8.GetBytes("""{"inputs":[{"name":"a","shape":[2],"datatype":"UINT8","parameters":{"binary_data_size":2}},{"name":"b","shape":[1],"datatype":"UINT8","data":[9]},{"name":"c","shape":[1],"datatype":"UINT8","parameters":{"binary_data_size":1}}]}""");
        var request = InferJsonReader.Read((byte[])[.. json, 1, 2, 3], json.Length);
        Assert.Equal([1, 2, 9, 3], request.Inputs.SelectMany(input => input.Bytes.ToArray()));
    }

    [Theory]
    [InlineData("FP32")]
    [InlineData("FP64")]
    [InlineData("FP16")]
    [InlineData("BF16")]
    [InlineData("INT64")]
    [InlineData("UINT64")]
    [InlineData("INT8")]
    [InlineData("BOOL")]
    public void What_is_written_is_read_again_bit_for_bit(string datatype)
    {
        var type = ServedType.Named(datatype)!;
        var bytes = new byte[64 * type.Size];
        new Random(1).NextBytes(bytes);
        for (var i = 0; i < bytes.Length; i++)
            if (type.Name == "BOOL") bytes[i] &= 1;
            // No exponent of ones: JSON has no infinity.
            else if (type.IsFloat && i % type.Size == type.Size - 1) bytes[i] &= 0xBF;
        var response = new InferResponse("m", 1, null, [(new TensorValue("x", type, [64], bytes), false)]);
        var to = new ArrayBufferWriter<byte>();
        Assert.Null(InferJsonWriter.Write(response, to));
        var request = Read(Encoding.UTF8.GetString(to.WrittenSpan).Replace("\"outputs\"", "\"inputs\"", StringComparison.Ordinal));
        Assert.Equal(bytes, request.Inputs[0].Bytes.ToArray());
    }

    [Fact]
    public void Texts_keep_their_letters()
    {
        var request = Read("""{"inputs":[{"name":"x","shape":[2],"datatype":"BYTES","data":["h\u00e9 \"1\"",""]}]}""");
        Assert.Equal(["hé \"1\"", ""], StringElements.Decode(request.Inputs[0].Bytes.Span, 2, "x"));
    }

    static InferRequest Read(string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        return InferJsonReader.Read(bytes, bytes.Length);
    }
}
