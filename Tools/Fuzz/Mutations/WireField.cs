using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace OnnxEdit.Fuzz.Mutations;

/// <summary>
/// One field of a protobuf message as it stands on the wire: messages as a list of fields, everything else as bytes.
/// Unlike the generated classes it can hold what no correct writer would write.
/// </summary>
sealed class WireField
{
    public required int Number { get; set; }
    public required WireFormat.WireType Type { get; set; }
    public byte[] Payload { get; set; } = [];
    public List<WireField>? Children { get; set; }

    /// <summary>Splits a message.</summary>
    public static List<WireField> Parse(ReadOnlyMemory<byte> bytes, MessageDescriptor? message)
    {
        var input = new CodedInputStream(bytes.ToArray());
        List<WireField> fields = [];
        for (uint tag; (tag = input.ReadTag()) != 0;)
        {
            var field = new WireField { Number = WireFormat.GetTagFieldNumber(tag), Type = WireFormat.GetTagWireType(tag) };
            switch (field.Type)
            {
                case WireFormat.WireType.Varint: field.Payload = Varint(input.ReadUInt64()); break;
                case WireFormat.WireType.Fixed32: field.Payload = BitConverter.GetBytes(input.ReadFixed32()); break;
                case WireFormat.WireType.Fixed64: field.Payload = BitConverter.GetBytes(input.ReadFixed64()); break;
                default:
                    field.Payload = input.ReadBytes().ToByteArray();
                    if (message?.FindFieldByNumber(field.Number) is { FieldType: FieldType.Message } known)
                    {
                        field.Children = Parse(field.Payload, known.MessageType);
                        field.Payload = [];
                    }
                    break;
            }
            fields.Add(field);
        }
        return fields;
    }

    /// <summary>Puts a message together.</summary>
    public static byte[] Write(IEnumerable<WireField> fields)
    {
        using var stream = new MemoryStream();
        foreach (var field in fields)
        {
            stream.Write(Varint(WireFormat.MakeTag(field.Number, field.Type)));
            var payload = field.Children is null ? field.Payload : Write(field.Children);
            if (field.Type == WireFormat.WireType.LengthDelimited) stream.Write(Varint((ulong)payload.Length));
            stream.Write(payload);
        }
        return stream.ToArray();
    }

    /// <summary>A number in the variable-length form.</summary>
    public static byte[] Varint(ulong value)
    {
        List<byte> bytes = [];
        for (; value >= 0x80; value >>= 7) bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }
}
