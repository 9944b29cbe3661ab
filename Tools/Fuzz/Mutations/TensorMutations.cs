using Google.Protobuf;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataLocation = OnnxEdit.Surgery.Proto.TensorProto.Types.DataLocation;

namespace OnnxEdit.Fuzz.Mutations;

/// <summary>Shapes and values of tensors, of the graph's inputs and outputs, and data in other files.</summary>
static class TensorMutations
{
    public static IReadOnlyList<(string Name, Action<MutationSite> Apply)> All { get; } =
    [
        ("damage a tensor", s => { if (s.Initializer() is { } t) Damage(t, s); }),
        ("damage a tensor", s => { if (s.Initializer() is { } t) Damage(t, s); }),
        ("transpose dims", s => { if (s.Initializer() is { Dims.Count: > 1 } t) (t.Dims[0], t.Dims[1]) = (t.Dims[1], t.Dims[0]); }),
        ("flatten dims", s => { if (s.Initializer() is { Dims.Count: > 1 } t) { var n = t.Dims.Aggregate(1L, (a, b) => a * b); t.Dims.Clear(); t.Dims.Add(n); } }),
        ("add a dim of one", s => { if (s.Initializer() is { } t) t.Dims.Insert(s.Random.NextInt(t.Dims.Count + 1), 1); }),
        ("cut a tensor", CutTensor),
        ("integer constant", IntegerConstant),
        ("integer constant", IntegerConstant),
        ("weights of one value", SameWeights),
        ("input dim", InputDim),
        ("symbolic input dim", s => { if (Dims(s) is { Count: > 0 } d) d[s.Random.NextInt(d.Count)].DimParam = s.Pick(["N", "", "M", "batch"])!; }),
        ("input rank", s => { if (Dims(s) is { } d) { if (d.Count > 0 && s.Random.NextInt(2) == 0) d.RemoveAt(0); else d.Add(new TensorShapeProto.Types.Dimension { DimValue = 1 }); } }),
        ("no input shape", s => { if (s.Pick(s.Graph.Input)?.Type?.TensorType is { } t) t.Shape = null; }),
        ("input type", s => { if (s.Pick(s.Graph.Input)?.Type?.TensorType is { } t) t.ElemType = s.Random.NextInt(25); }),
        ("no input type", s => { if (s.Pick(s.Graph.Input) is { } v) v.Type = null; }),
        ("input is a sequence", s => { if (s.Pick(s.Graph.Input) is { } v) v.Type = new TypeProto { SequenceType = new TypeProto.Types.Sequence { ElemType = v.Type?.Clone() } }; }),
        ("another input", s => s.Graph.Input.Add(new ValueInfoProto { Name = s.Fresh(), Type = s.Pick(s.Graph.Input)?.Type?.Clone() })),
        ("wrong output shape", s => { if (s.Pick(s.Graph.Output)?.Type?.TensorType?.Shape?.Dim is { Count: > 0 } d) d[0].DimValue = OddNumbers.Extreme(s.Random); }),
        ("external data", External),
    ];

    /// <summary>One kind of damage to one tensor.</summary>
    public static void Damage(TensorProto t, MutationSite s)
    {
        switch (s.Random.NextInt(8))
        {
            case 0: if (t.Dims.Count > 0) t.Dims[s.Random.NextInt(t.Dims.Count)] = OddNumbers.Extreme(s.Random); break;
            case 1: t.Dims.Add(OddNumbers.Extreme(s.Random)); break;
            case 2: t.Dims.Clear(); break;
            case 3: t.DataType = s.Random.NextInt(26); break;
            case 4: t.RawData = t.RawData.Length > 0 ? ByteString.CopyFrom(t.RawData.Span[..s.Random.NextInt(t.RawData.Length)]) : ByteString.Empty; break;
            case 5: t.FloatData.Add(float.NaN); break;
            case 6: t.Int64Data.Add(1); break;
            default:
                if (t.RawData.Length < 8) break;
                var bytes = t.RawData.ToByteArray();
                BitConverter.TryWriteBytes(bytes.AsSpan(4 * s.Random.NextInt(bytes.Length / 4)), s.Pick([float.NaN, float.PositiveInfinity, 3e38f, 1e-40f]));
                t.RawData = ByteString.CopyFrom(bytes);
                break;
        }
    }

    // Shape and data agree, but with fewer channels than the neighbours expect.
    static void CutTensor(MutationSite s)
    {
        if (s.Pick([.. s.Graph.Initializer.Where(t => t.Dims.Count > 0 && t.Dims.All(d => d is > 0 and < 1 << 20) && t.RawData.Length > 0 && TensorData.IsFloat(t))]) is not { } t) return;
        var axis = s.Random.NextInt(t.Dims.Count);
        if (t.DataLocation == DataLocation.External || TensorData.ElementCount(t) * TensorData.ElementSize(t) != t.RawData.Length) return;
        TensorData.Keep(t, axis, [.. Enumerable.Range(0, s.Random.NextInt((int)t.Dims[axis] + 1))]);
    }

    static void IntegerConstant(MutationSite s)
    {
        if (s.IntegerInitializer() is not { } t || t.DataType != (int)TensorProto.Types.DataType.Int64) return;
        if (t.Int64Data.Count > 0) t.Int64Data[s.Random.NextInt(t.Int64Data.Count)] = OddNumbers.Near(s.Random, 1);
        else if (t.RawData.Length >= 8)
        {
            var bytes = t.RawData.ToByteArray();
            BitConverter.TryWriteBytes(bytes.AsSpan(8 * s.Random.NextInt(bytes.Length / 8)), OddNumbers.Near(s.Random, 1));
            t.RawData = ByteString.CopyFrom(bytes);
        }
    }

    static void SameWeights(MutationSite s)
    {
        if (s.Initializer() is not { DataType: (int)TensorProto.Types.DataType.Float, RawData.Length: > 0 } t) return;
        var bytes = new byte[t.RawData.Length];
        var value = s.Pick([0f, 1f, -1f, 1e20f, 3e38f]);
        for (var i = 0; i + 4 <= bytes.Length; i += 4) BitConverter.TryWriteBytes(bytes.AsSpan(i), value);
        t.RawData = ByteString.CopyFrom(bytes);
    }

    static void InputDim(MutationSite s)
    {
        if (Dims(s) is not { Count: > 0 } dims) return;
        var d = dims[s.Random.NextInt(dims.Count)];
        d.DimValue = OddNumbers.Near(s.Random, d.HasDimValue ? d.DimValue : 1);
    }

    static void External(MutationSite s)
    {
        if (s.Initializer() is not { } t) return;
        t.DataLocation = DataLocation.External;
        if (s.Random.NextInt(2) == 0) t.ClearRawData();
        void Entry(string key, string value) => t.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
        if (s.Random.NextInt(8) > 0)
            Entry("location", s.Pick([Check.DataFile, Check.DataFile, "/etc/passwd", "../" + Check.DataFile, "..", ".", "", "missing.bin", "a/../../b", "/dev/zero", "x\0y", new string('y', 5000), "mutant.onnx"])!);
        if (s.Random.NextInt(2) == 0) Entry("offset", s.Pick(["0", "16", "4095", "4096", "9223372036854775807", "-1", "x", "", "1e3"])!);
        if (s.Random.NextInt(2) == 0) Entry("length", s.Pick(["0", "4", "4096", "9223372036854775807", "-4", "x"])!);
    }

    static Google.Protobuf.Collections.RepeatedField<TensorShapeProto.Types.Dimension>? Dims(MutationSite s) =>
        s.Pick(s.Graph.Input)?.Type?.TensorType?.Shape?.Dim;
}
