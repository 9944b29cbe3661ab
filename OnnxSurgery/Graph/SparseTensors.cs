using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Graph;

/// <summary>Sparse initializers as ordinary ones: ONNX Runtime fills them up as well, and only then can they be cut.</summary>
static class SparseTensors
{
    /// <summary>Replaces the sparse initializers of a graph. Changes it in place.</summary>
    /// <exception cref="OnnxSurgeryException">A sparse tensor is damaged, or does not fit into memory filled up.</exception>
    public static void Expand(GraphProto graph)
    {
        foreach (var sparse in graph.SparseInitializer) graph.Initializer.Add(Dense(sparse));
        graph.SparseInitializer.Clear();
    }

    /// <summary>The tensor with its zeros spelt out, named like its values.</summary>
    /// <exception cref="OnnxSurgeryException">It is damaged, or does not fit into memory.</exception>
    public static TensorProto Dense(SparseTensorProto sparse)
    {
        var name = sparse.Values?.Name ?? "";
        if (sparse.Values is not { } values || sparse.Indices is not { } indices)
            throw new OnnxSurgeryException($"The sparse tensor '{name}' lacks its values or indices; the file is damaged, export it again.");
        var dense = new TensorProto { Name = name, DataType = values.DataType };
        dense.Dims.AddRange(sparse.Dims);
        TraceRoom.Require(name, [.. sparse.Dims]);
        var size = TensorData.ElementSize(values);
        var bytes = new byte[TensorData.ElementCount(dense) * size];
        var (source, places) = (TensorData.Bytes(values), Places(indices, sparse.Dims));
        if (places.Length * size != source.Length || places.Any(p => p < 0 || p >= bytes.Length / size))
            throw new OnnxSurgeryException(
                $"The sparse tensor '{name}' of shape [{string.Join(',', sparse.Dims)}] has indices that do not fit its values or its shape; the file is damaged, export it again.");
        for (var i = 0; i < places.Length; i++) source.AsSpan(i * size, size).CopyTo(bytes.AsSpan((int)places[i] * size));
        dense.RawData = Google.Protobuf.UnsafeByteOperations.UnsafeWrap(bytes);
        return dense;
    }

    // Flat places, from [count] flat indices or [count, rank] coordinates; -1 for one that is out of range.
    static long[] Places(TensorProto indices, IReadOnlyList<long> dims)
    {
        var flat = TensorData.Integers(indices);
        if (indices.Dims.Count < 2) return flat;
        var rank = dims.Count;
        if (rank == 0 || indices.Dims[1] != rank) return [-1];
        return [.. flat.Chunk(rank).Select(at => Enumerable.Range(0, rank).All(a => at[a] >= 0 && at[a] < dims[a])
            ? Enumerable.Range(0, rank).Aggregate(0L, (place, a) => (place * dims[a]) + at[a]) : -1)];
    }
}
