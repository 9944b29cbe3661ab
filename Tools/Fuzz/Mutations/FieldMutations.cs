using Google.Protobuf;
using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Fuzz.Mutations;

/// <summary>Damage to protobuf fields, lengths kept right: dropped, doubled, swapped, renumbered, of another type.</summary>
static class FieldMutations
{
    public static byte[] Apply(byte[] source, Philox4x32 random, List<string> edits)
    {
        List<WireField> root;
        try
        {
            root = WireField.Parse(source, ModelProto.Descriptor);
        }
        catch (InvalidProtocolBufferException)
        {
            return ByteMutations.Apply(source, random, edits);
        }
        for (var left = 1 + random.NextInt(4); left > 0; left--) edits.Add(Once(root, random));
        return WireField.Write(root);
    }

    static string Once(List<WireField> root, Philox4x32 random)
    {
        // A walk from the top stops at every level with the same chance, so that rare outer fields are hit too.
        var fields = root;
        while (random.NextInt(5) > 0)
        {
            var inner = fields.Where(f => f.Children is { Count: > 0 }).ToArray();
            if (inner.Length == 0) break;
            fields = inner[random.NextInt(inner.Length)].Children!;
        }
        if (fields.Count == 0) return "nothing";
        var at = random.NextInt(fields.Count);
        var field = fields[at];
        switch (random.NextInt(7))
        {
            case 0:
                fields.RemoveAt(at);
                return $"drop field {field.Number}";
            case 1:
                fields.Insert(random.NextInt(fields.Count), field);
                return $"double field {field.Number}";
            case 2:
                var other = random.NextInt(fields.Count);
                (fields[at], fields[other]) = (fields[other], fields[at]);
                return "swap fields";
            case 3:
                field.Number = 1 + random.NextInt(30);
                return "renumber a field";
            case 4:
                (field.Type, field.Children, field.Payload) = random.NextInt(3) switch
                {
                    0 => (WireFormat.WireType.Varint, null, WireField.Varint(random.NextUInt64())),
                    1 => (WireFormat.WireType.Fixed32, null, BitConverter.GetBytes(random.NextUInt32())),
                    _ => (WireFormat.WireType.LengthDelimited, (List<WireField>?)null, "text"u8.ToArray()),
                };
                return $"retype field {field.Number}";
            case 5:
                if (field.Type == WireFormat.WireType.Varint) field.Payload = WireField.Varint((ulong)OddNumbers.Extreme(random));
                else if (field.Children is null && field.Payload.Length > 0) field.Payload = field.Payload[..random.NextInt(field.Payload.Length)];
                else field.Children = [];
                return $"change field {field.Number}";
            default:
                if (field.Children is { Count: > 0 } children) fields.AddRange(children);
                else field.Payload = field.Type == WireFormat.WireType.LengthDelimited ? [.. field.Payload, .. field.Payload] : field.Payload;
                return $"spill field {field.Number}";
        }
    }
}
