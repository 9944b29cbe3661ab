using System.Runtime.InteropServices;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Surgery.Model;

/// <summary>Copies values between ONNX Runtime and <see cref="TensorProto"/>.</summary>
static class OrtTensors
{
    /// <summary>A tensor value as a named <see cref="TensorProto"/> (a copy).</summary>
    /// <exception cref="OnnxSurgeryException">Not a tensor, or a tensor of strings.</exception>
    public static TensorProto ToProto(OrtValue value, string name)
    {
        if (!value.IsTensor) throw new OnnxSurgeryException($"'{name}' is not a tensor.");
        var info = value.GetTensorTypeAndShape();
        var tensor = new TensorProto { Name = name, DataType = (int)info.ElementDataType };
        if ((DataType)tensor.DataType == DataType.String)
            throw new OnnxSurgeryException($"'{name}' holds strings; string constants cannot be folded.");
        tensor.Dims.AddRange(info.Shape);
        tensor.RawData = ByteString.CopyFrom(value.GetTensorDataAsSpan<byte>());
        return tensor;
    }

    /// <summary>A tensor of float32, float16, bfloat16 or float64 values as float32 (a copy).</summary>
    public static float[] ToFloats(OrtValue value)
    {
        switch (value.GetTensorTypeAndShape().ElementDataType)
        {
            case TensorElementType.Float: return value.GetTensorDataAsSpan<float>().ToArray();
            case TensorElementType.Float16:
                return Array.ConvertAll(MemoryMarshal.Cast<Float16, Half>(value.GetTensorDataAsSpan<Float16>()).ToArray(), v => (float)v);
            default: return TensorData.Floats(ToProto(value, "value"));
        }
    }

    /// <summary>
    /// Float values as an input of the given element type. The array is pinned for float32, so it must stay
    /// unchanged until the value is disposed.
    /// </summary>
    public static OrtValue FromFloats(float[] values, long[] shape, TensorElementType type)
    {
        switch (type)
        {
            case TensorElementType.Float: return OrtValue.CreateTensorValueFromMemory(values, shape);
            case TensorElementType.Float16:
                return OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(values, v => new Float16(BitConverter.HalfToUInt16Bits((Half)v))), shape);
            case TensorElementType.BFloat16:
                return OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(values, v => (BFloat16)v), shape);
            case TensorElementType.Double:
                return OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(values, v => (double)v), shape);
            case TensorElementType.UInt8:
                return OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(values, v => (byte)v), shape);
            case TensorElementType.Int8:
                return OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(values, v => (sbyte)v), shape);
            case TensorElementType.UInt16:
                return OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(values, v => (ushort)v), shape);
            case TensorElementType.Int16:
                return OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(values, v => (short)v), shape);
            case TensorElementType.UInt32:
                return OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(values, v => (uint)v), shape);
            case TensorElementType.UInt64:
                return OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(values, v => (ulong)v), shape);
            case TensorElementType.Int64:
                return OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(values, v => (long)v), shape);
            case TensorElementType.Int32:
                return OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(values, v => (int)v), shape);
            case TensorElementType.Bool:
                return OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(values, v => v != 0), shape);
            default: throw new OnnxSurgeryException($"An input holds values of the type {type}, which cannot be made up; only numbers and truth values can.");
        }
    }
}
