using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Runtime;

/// <summary>
/// Activations of a whole calibration set, one row of float32 per image and tensor, kept in temporary files so
/// that memory does not grow with the data. The files have no name once opened and vanish with the process.
/// </summary>
sealed class ActivationStore : IDisposable
{
    readonly Dictionary<string, Entry> _entries = [];

    sealed record Entry(SafeFileHandle File, int RowLength, long[] Shape);

    /// <summary>Names of the stored tensors.</summary>
    public IReadOnlyCollection<string> Names => _entries.Keys;

    /// <summary>True when the tensor is stored.</summary>
    public bool Contains(string name) => _entries.ContainsKey(name);

    /// <summary>Shape of one stored row.</summary>
    public long[] Shape(string name) => _entries[name].Shape;

    /// <summary>Elements of one row.</summary>
    public int RowLength(string name) => _entries[name].RowLength;

    /// <summary>Writes rows of a tensor, creating it at the first call.</summary>
    /// <param name="name">Tensor name.</param>
    /// <param name="firstRow">Number of the first row.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="values">Values of these rows, row-major.</param>
    /// <param name="shape">Shape of these rows side by side along the first dimension.</param>
    /// <exception cref="OnnxEngineException">The tensor's size differs from item to item.</exception>
    public void Write(string name, int firstRow, int rows, ReadOnlySpan<float> values, long[] shape)
    {
        var length = values.Length / rows;
        if (!_entries.TryGetValue(name, out var entry))
        {
            _entries[name] = entry = new Entry(Create(), length, shape.Length == 0 ? shape : [shape[0] / rows, .. shape.Skip(1)]);
        }
        if (length != entry.RowLength)
            throw new OnnxEngineException(ErrorKind.Model, $"The tensor '{name}' has {entry.RowLength} values for one item and {length} for another; a layer that reads such a tensor cannot be measured.");
        RandomAccess.Write(entry.File, MemoryMarshal.AsBytes(values), (long)firstRow * length * sizeof(float));
    }

    /// <summary>Reads rows of a tensor.</summary>
    public void Read(string name, int firstRow, int rows, Span<float> values)
    {
        var entry = _entries[name];
        var bytes = MemoryMarshal.AsBytes(values[..(rows * entry.RowLength)]);
        var offset = (long)firstRow * entry.RowLength * sizeof(float);
        while (bytes.Length > 0)
        {
            var read = RandomAccess.Read(entry.File, bytes, offset);
            if (read == 0) throw new OnnxEngineException(ErrorKind.Data, $"The temporary file of activation '{name}' is shorter than written; is the disk full?");
            bytes = bytes[read..];
            offset += read;
        }
    }

    /// <summary>Drops every tensor for which the test fails.</summary>
    public void Keep(Func<string, bool> keep)
    {
        foreach (var name in _entries.Keys.Where(n => !keep(n)).ToArray())
        {
            _entries[name].File.Dispose();
            _entries.Remove(name);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Keep(_ => false);

    // Windows deletes a file with its last handle, however the process ends. Elsewhere .NET deletes it when it is
    // closed in good order only, so its name is taken away at once and the kernel does the rest.
    static SafeFileHandle Create()
    {
        var path = Path.Combine(Path.GetTempPath(), $"onnxedit-{Guid.NewGuid():N}.f32");
        var options = OperatingSystem.IsWindows() ? FileOptions.DeleteOnClose : FileOptions.None;
        var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, options);
        if (!OperatingSystem.IsWindows()) File.Delete(path);
        return file;
    }
}
