using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Runtime;

/// <summary>
/// One input tensor of a fixed shape: callers write float32 values, the model reads its own element type.
/// The memory is pinned by the <see cref="OrtValue"/> and lives as long as this object.
/// </summary>
sealed class InputBuffer : IDisposable
{
    readonly float[] _values;
    readonly Array? _converted;

    internal InputBuffer(DataType type, long[] shape)
    {
        var length = checked((int)shape.Aggregate(1L, (product, extent) => checked(product * extent)));
        _values = new float[length];
        var memory = OrtMemoryInfo.DefaultInstance;
        switch (type)
        {
            case DataType.Float:
                Value = OrtValue.CreateTensorValueFromMemory(memory, _values.AsMemory(), shape);
                break;
            case DataType.Float16:
                Value = OrtValue.CreateTensorValueFromMemory(memory, Keep(new Float16[length], out _converted), shape);
                break;
            case DataType.Bfloat16:
                Value = OrtValue.CreateTensorValueFromMemory(memory, Keep(new BFloat16[length], out _converted), shape);
                break;
            case DataType.Int8:
                Value = OrtValue.CreateTensorValueFromMemory(memory, Keep(new sbyte[length], out _converted), shape);
                break;
            case DataType.Double:
                Value = OrtValue.CreateTensorValueFromMemory(memory, Keep(new double[length], out _converted), shape);
                break;
            case DataType.Uint8:
                Value = OrtValue.CreateTensorValueFromMemory(memory, Keep(new byte[length], out _converted), shape);
                break;
            case DataType.Int64:
                Value = OrtValue.CreateTensorValueFromMemory(memory, Keep(new long[length], out _converted), shape);
                break;
            case DataType.Int32:
                Value = OrtValue.CreateTensorValueFromMemory(memory, Keep(new int[length], out _converted), shape);
                break;
            case DataType.Uint16:
                Value = OrtValue.CreateTensorValueFromMemory(memory, Keep(new ushort[length], out _converted), shape);
                break;
            case DataType.Int16:
                Value = OrtValue.CreateTensorValueFromMemory(memory, Keep(new short[length], out _converted), shape);
                break;
            case DataType.Uint32:
                Value = OrtValue.CreateTensorValueFromMemory(memory, Keep(new uint[length], out _converted), shape);
                break;
            case DataType.Uint64:
                Value = OrtValue.CreateTensorValueFromMemory(memory, Keep(new ulong[length], out _converted), shape);
                break;
            case DataType.Bool:
                Value = OrtValue.CreateTensorValueFromMemory(memory, Keep(new bool[length], out _converted), shape);
                break;
            default:
                throw new OnnxEngineException(ErrorKind.Model, $"An input of element type {DeclaredTensor.NameOf(type)} cannot be fed.");
        }
    }

    /// <summary>The tensor to hand to a session.</summary>
    internal OrtValue Value { get; }

    /// <summary>The values to write; call <see cref="Commit"/> before running.</summary>
    internal float[] Values => _values;

    /// <summary>Converts the written values to the model's element type.</summary>
    internal void Commit()
    {
        switch (_converted)
        {
            case Float16[] halves: TensorPrimitives.ConvertToHalf(_values, MemoryMarshal.Cast<Float16, Half>(halves.AsSpan())); break;
            case BFloat16[] brains: Convert(brains, value => (BFloat16)value); break;
            case sbyte[] signed: Convert(signed, value => (sbyte)Math.Clamp(MathF.Round(value), sbyte.MinValue, sbyte.MaxValue)); break;
            case double[] doubles: TensorPrimitives.ConvertChecked<float, double>(_values, doubles); break;
            case ushort[] words: Convert(words, value => (ushort)Math.Clamp(MathF.Round(value), 0, ushort.MaxValue)); break;
            case short[] shorts: Convert(shorts, value => (short)Math.Clamp(MathF.Round(value), short.MinValue, short.MaxValue)); break;
            case uint[] counts: Convert(counts, value => (uint)Math.Max(0, value)); break;
            case ulong[] sizes: Convert(sizes, value => (ulong)Math.Max(0, value)); break;
            case byte[] bytes: Convert(bytes, value => (byte)Math.Clamp(MathF.Round(value), 0, 255)); break;
            case long[] longs: Convert(longs, value => (long)value); break;
            case int[] ints: Convert(ints, value => (int)value); break;
            case bool[] flags: Convert(flags, value => value != 0); break;
        }
    }

    public void Dispose() => Value.Dispose();

    static Memory<T> Keep<T>(T[] array, out Array? kept)
    {
        kept = array;
        return array;
    }

    void Convert<T>(T[] target, Func<float, T> convert)
    {
        for (var i = 0; i < target.Length; i++) target[i] = convert(_values[i]);
    }
}
