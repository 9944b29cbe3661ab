using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Deployment;

/// <summary>Elements of tensors as JSON numbers, flat when written, flat or nested when read. Every float comes back bit for bit.</summary>
static class TensorJson
{
    /// <summary>Writes the elements as one flat array.</summary>
    /// <exception cref="OnnxEngineException">A number that JSON cannot say: NaN or infinity (<see cref="ErrorKind.Data"/>).</exception>
    public static void Write(Utf8JsonWriter writer, TensorValue tensor)
    {
        writer.WriteStartArray();
        var bytes = tensor.Bytes.Span;
        if (tensor.Type == ServedType.Bytes)
            foreach (var text in StringElements.Decode(bytes, tensor.Elements, tensor.Name)) writer.WriteStringValue(text);
        else
            for (; bytes.Length >= tensor.Type.Size; bytes = bytes[tensor.Type.Size..]) WriteOne(writer, tensor, bytes);
        writer.WriteEndArray();
    }

    static void WriteOne(Utf8JsonWriter writer, TensorValue tensor, ReadOnlySpan<byte> bytes)
    {
        switch (tensor.Type.Element)
        {
            case TensorElementType.Bool: writer.WriteBooleanValue(bytes[0] != 0); break;
            case TensorElementType.UInt8: writer.WriteNumberValue(bytes[0]); break;
            case TensorElementType.Int8: writer.WriteNumberValue((sbyte)bytes[0]); break;
            case TensorElementType.UInt16: writer.WriteNumberValue(BinaryPrimitives.ReadUInt16LittleEndian(bytes)); break;
            case TensorElementType.Int16: writer.WriteNumberValue(BinaryPrimitives.ReadInt16LittleEndian(bytes)); break;
            case TensorElementType.UInt32: writer.WriteNumberValue(BinaryPrimitives.ReadUInt32LittleEndian(bytes)); break;
            case TensorElementType.Int32: writer.WriteNumberValue(BinaryPrimitives.ReadInt32LittleEndian(bytes)); break;
            case TensorElementType.UInt64: writer.WriteNumberValue(BinaryPrimitives.ReadUInt64LittleEndian(bytes)); break;
            case TensorElementType.Int64: writer.WriteNumberValue(BinaryPrimitives.ReadInt64LittleEndian(bytes)); break;
            case TensorElementType.Double: writer.WriteNumberValue(Finite(BinaryPrimitives.ReadDoubleLittleEndian(bytes), tensor)); break;
            case TensorElementType.Float16: writer.WriteNumberValue((float)Finite((double)BinaryPrimitives.ReadHalfLittleEndian(bytes), tensor)); break;
            case TensorElementType.BFloat16: writer.WriteNumberValue((float)Finite(BFloat(bytes), tensor)); break;
            default: writer.WriteNumberValue((float)Finite(BinaryPrimitives.ReadSingleLittleEndian(bytes), tensor)); break;
        }
    }

    static float BFloat(ReadOnlySpan<byte> bytes) => BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(bytes) << 16);

    static double Finite(double number, TensorValue tensor) => double.IsFinite(number) ? number : throw new OnnxEngineException(
        ErrorKind.Data, FormattableString.Invariant($"The output '{tensor.Name}' holds {number}, which JSON cannot say; ask for it with \"binary_data\": true."));

    /// <summary>Reads the elements; the reader stands on the opening bracket and ends on the closing one.</summary>
    /// <param name="reader">The reader.</param>
    /// <param name="type">What they must be.</param>
    /// <param name="shape">The shape: how many there must be, and how they may be nested.</param>
    /// <param name="name">The tensor, for the error.</param>
    /// <exception cref="OnnxEngineException">Something else, or another count (<see cref="ErrorKind.Data"/>).</exception>
    public static byte[] Read(ref Utf8JsonReader reader, ServedType type, long[] shape, string name)
    {
        if (reader.TokenType != JsonTokenType.StartArray) throw Wrong(name, "has a \"data\" that is no array");
        var (count, nesting) = (TensorValue.Count(shape), new JsonNesting(shape, name));
        if (type == ServedType.Bytes) return ReadStrings(ref reader, nesting, count, name);
        // The caller has seen that the text is long enough for so many elements.
        var bytes = GC.AllocateUninitializedArray<byte>(checked((int)(count * type.Size)));
        var at = 0;
        while (reader.Read() && nesting.Take(reader.TokenType))
        {
            if (reader.TokenType is JsonTokenType.StartArray or JsonTokenType.EndArray) continue;
            if (at + type.Size > bytes.Length) throw Wrong(name, $"has more than the {count} elements of its shape");
            if (!ReadOne(ref reader, type, bytes.AsSpan(at))) throw Wrong(name, $"has an element that is no {type.Name} number");
            at += type.Size;
        }
        return at == bytes.Length ? bytes : throw Wrong(name, $"has {at / type.Size} elements and its shape asks for {count}");
    }

    static bool ReadOne(ref Utf8JsonReader reader, ServedType type, Span<byte> to)
    {
        if (type.Element == TensorElementType.Bool)
        {
            to[0] = reader.TokenType == JsonTokenType.True ? (byte)1 : (byte)0;
            return reader.TokenType is JsonTokenType.True or JsonTokenType.False;
        }
        if (reader.TokenType != JsonTokenType.Number) return false;
        switch (type.Element)
        {
            case TensorElementType.UInt8: return reader.TryGetByte(out var u8) && Put(to, u8);
            case TensorElementType.Int8: return reader.TryGetSByte(out var i8) && Put(to, i8);
            case TensorElementType.UInt16: return reader.TryGetUInt16(out var u16) && Put(to, u16);
            case TensorElementType.Int16: return reader.TryGetInt16(out var i16) && Put(to, i16);
            case TensorElementType.UInt32: return reader.TryGetUInt32(out var u32) && Put(to, u32);
            case TensorElementType.Int32: return reader.TryGetInt32(out var i32) && Put(to, i32);
            case TensorElementType.UInt64: return reader.TryGetUInt64(out var u64) && Put(to, u64);
            case TensorElementType.Int64: return reader.TryGetInt64(out var i64) && Put(to, i64);
            case TensorElementType.Double: return reader.TryGetDouble(out var f64) && double.IsFinite(f64) && Put(to, f64);
            case TensorElementType.Float16: return reader.TryGetDouble(out var wide) && Half.IsFinite((Half)wide) && Put(to, (Half)wide);
            case TensorElementType.BFloat16: return reader.TryGetSingle(out var brain) && float.IsFinite(brain) && Put(to, ((BFloat16)brain).value);
            default: return reader.TryGetSingle(out var f32) && float.IsFinite(f32) && Put(to, f32);
        }
    }

    static bool Put<T>(Span<byte> to, T value) where T : unmanaged
    {
        MemoryMarshal.Write(to, value);
        return true;
    }

    static byte[] ReadStrings(ref Utf8JsonReader reader, JsonNesting nesting, long count, string name)
    {
        List<string> values = [];
        while (reader.Read() && nesting.Take(reader.TokenType))
        {
            if (reader.TokenType is JsonTokenType.StartArray or JsonTokenType.EndArray) continue;
            if (reader.TokenType != JsonTokenType.String) throw Wrong(name, "has an element that is no string");
            if (values.Count == count) throw Wrong(name, $"has more than the {count} elements of its shape");
            values.Add(reader.GetString()!);
        }
        return values.Count == count ? StringElements.Encode(values) : throw Wrong(name, $"has {values.Count} elements and its shape asks for {count}");
    }

    static OnnxEngineException Wrong(string name, string what) => new(ErrorKind.Data, $"The tensor '{name}' {what}.");
}
