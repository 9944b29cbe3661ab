using System.Runtime.InteropServices;
using Google.Protobuf;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.OnnxSurgery.Tests;

public class TensorDataTests
{
    static readonly float[] _values = [0, 1, -2.5f, 0.0999755859375f, 65504, -0.125f];

    [Theory]
    [InlineData(DataType.Float)]
    [InlineData(DataType.Float16)]
    [InlineData(DataType.Double)]
    public void Floats_survive_writing_and_reading(DataType type)
    {
        var tensor = Empty(type, 2, 3);
        TensorData.SetFloats(tensor, _values);
        Assert.Equal(_values, TensorData.Floats(tensor));
        Assert.Equal(6 * TensorData.ElementSize(tensor), tensor.RawData.Length);
        Assert.True(TensorData.IsFloat(tensor));
    }

    [Fact]
    public void Bfloat16_rounds_to_nearest_even()
    {
        var tensor = Empty(DataType.Bfloat16, 5);
        // 1 + 1/256 lies half-way between two values and goes to the even one, 1; 1 + 3/256 goes to 1 + 4/256.
        TensorData.SetFloats(tensor, [1, 1 + 1 / 256f, 1 + 3 / 256f, float.NegativeInfinity, float.NaN]);
        Assert.Equal([1, 1, 1 + 4 / 256f, float.NegativeInfinity, float.NaN], TensorData.Floats(tensor));
    }

    [Fact]
    public void Float16_is_read_from_int32_data()
    {
        var tensor = Empty(DataType.Float16, 6);
        tensor.Int32Data.AddRange(_values.Select(v => (int)BitConverter.HalfToUInt16Bits((Half)v)));
        Assert.Equal(_values, TensorData.Floats(tensor));
    }

    [Fact]
    public void Bfloat16_is_read_from_int32_data()
    {
        var tensor = Empty(DataType.Bfloat16, 2);
        tensor.Int32Data.AddRange([0x3F80, 0xC020]);
        Assert.Equal([1, -2.5f], TensorData.Floats(tensor));
    }

    [Fact]
    public void Typed_fields_hold_the_same_bytes_as_raw_data()
    {
        var floats = Empty(DataType.Float, 6);
        floats.FloatData.AddRange(_values);
        Assert.Equal(MemoryMarshal.AsBytes<float>(_values).ToArray(), TensorData.Bytes(floats));

        var doubles = Empty(DataType.Double, 2);
        doubles.DoubleData.AddRange([1.5, -3]);
        Assert.Equal([1.5f, -3], TensorData.Floats(doubles));

        var longs = Empty(DataType.Int64, 2);
        longs.Int64Data.AddRange([-1, 1L << 40]);
        Assert.Equal([-1, 1L << 40], TensorData.Integers(longs));

        var ints = Empty(DataType.Int32, 2);
        ints.Int32Data.AddRange([-7, int.MaxValue]);
        Assert.Equal([-7, int.MaxValue], TensorData.Integers(ints));

        var bytes = Empty(DataType.Int8, 3);
        bytes.Int32Data.AddRange([-1, 0, 127]);
        Assert.Equal([0xFF, 0, 127], TensorData.Bytes(bytes));

        var unsigned = Empty(DataType.Uint32, 2);
        unsigned.Uint64Data.AddRange([uint.MaxValue, 1]);
        Assert.Equal([0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0], TensorData.Bytes(unsigned));

        var complex = Empty(DataType.Complex64, 1);
        complex.FloatData.AddRange([1, 2]);
        Assert.Equal(8, TensorData.Bytes(complex).Length);
    }

    [Theory]
    [InlineData(DataType.Float)]
    [InlineData(DataType.Float16)]
    [InlineData(DataType.Bfloat16)]
    [InlineData(DataType.Double)]
    public void Keep_picks_slices_in_order_along_any_axis(DataType type)
    {
        var tensor = Empty(type, 2, 3, 2);
        TensorData.SetFloats(tensor, [.. Enumerable.Range(0, 12).Select(i => (float)i)]);
        TensorData.Keep(tensor, 1, [2, 0]);
        Assert.Equal([2, 2, 2], tensor.Dims);
        Assert.Equal([4, 5, 0, 1, 10, 11, 6, 7], TensorData.Floats(tensor));
        TensorData.Keep(tensor, 0, [1]);
        TensorData.Keep(tensor, 2, [1]);
        Assert.Equal([1, 2, 1], tensor.Dims);
        Assert.Equal([11, 7], TensorData.Floats(tensor));
    }

    [Fact]
    public void Keep_reads_typed_fields_and_leaves_raw_data()
    {
        var tensor = Empty(DataType.Float16, 3);
        tensor.Int32Data.AddRange([0x3C00, 0x4000, 0x4200]);
        TensorData.Keep(tensor, 0, [1, 2]);
        Assert.Empty(tensor.Int32Data);
        Assert.Equal([2, 3], TensorData.Floats(tensor));

        var weights = Empty(DataType.Int8, 4);
        weights.RawData = ByteString.CopyFrom(1, 2, 3, 4);
        TensorData.Keep(weights, 0, [3, 1]);
        Assert.Equal([4, 2], TensorData.Bytes(weights));
    }

    [Fact]
    public void Keep_may_leave_nothing()
    {
        var tensor = TensorData.FromFloats("w", [2, 2], [1, 2, 3, 4]);
        TensorData.Keep(tensor, 0, []);
        Assert.Equal([0, 2], tensor.Dims);
        Assert.Empty(TensorData.Floats(tensor));
    }

    [Fact]
    public void Slices_that_are_not_there_are_refused()
    {
        var tensor = TensorData.FromFloats("w", [2, 2], [1, 2, 3, 4]);
        Assert.Contains("'w'", Assert.Throws<OnnxSurgeryException>(() => TensorData.Keep(tensor, 0, [2])).Message);
        Assert.Throws<OnnxSurgeryException>(() => TensorData.Keep(tensor, 2, [0]));
        Assert.Throws<OnnxSurgeryException>(() => TensorData.Keep(Empty(DataType.Int4, 2), 0, [0]));
    }

    [Fact]
    public void Lengths_and_types_that_do_not_fit_are_refused()
    {
        var tensor = TensorData.FromFloats("w", [2, 2], [1, 2, 3]);
        Assert.Contains("12 bytes", Assert.Throws<OnnxSurgeryException>(() => TensorData.Bytes(tensor)).Message);
        Assert.Throws<OnnxSurgeryException>(() => TensorData.SetFloats(tensor, [1]));
        Assert.Throws<OnnxSurgeryException>(() => TensorData.Integers(tensor));
        Assert.Throws<OnnxSurgeryException>(() => TensorData.Floats(TensorData.FromIntegers("i", [1], [1])));
        Assert.Throws<OnnxSurgeryException>(() => TensorData.SetIntegers(TensorData.FromIntegers("i", [1], [1]), [1, 2]));
    }

    [Fact]
    public void Impossible_shapes_are_refused_without_allocating()
    {
        foreach (long[] dims in (long[][])[[-1], [1L << 40, 1L << 40], [long.MaxValue]])
            Assert.Throws<OnnxSurgeryException>(() => TensorData.Bytes(Empty(DataType.Float, dims)));
        Assert.Equal(0, TensorData.ElementCount(Empty(DataType.Float, 1L << 40, 0, 1L << 40)));
        Assert.Equal(1, TensorData.ElementCount(Empty(DataType.Float)));
    }

    [Fact]
    public void Integers_are_replaced_in_their_own_width()
    {
        var tensor = Empty(DataType.Int32, 2);
        TensorData.SetIntegers(tensor, [-3, 4]);
        Assert.Equal(8, tensor.RawData.Length);
        Assert.Equal([-3, 4], TensorData.Integers(tensor));
    }

    static TensorProto Empty(DataType type, params long[] dims)
    {
        var tensor = new TensorProto { Name = "t", DataType = (int)type };
        tensor.Dims.AddRange(dims);
        return tensor;
    }
}
