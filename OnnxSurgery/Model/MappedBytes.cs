using System.Buffers;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Microsoft.Win32.SafeHandles;

namespace OnnxEdit.Surgery.Model;

/// <summary>
/// Part of a file seen as memory. Its pages belong to the operating system's cache, which drops them when memory is
/// short, so a model of many gigabytes can be edited in little memory. Unmapped when nothing refers to it any more, so a
/// span is good only while the tensor it was taken from is.
/// </summary>
sealed unsafe class MappedBytes : MemoryManager<byte>
{
    readonly MemoryMappedViewAccessor _view;
    readonly Pressure _pressure;
    readonly byte* _start;
    readonly int _length;

    MappedBytes(MemoryMappedFile file, long offset, int length, MemoryMappedFileAccess access)
    {
        (_length, _pressure) = (length, new Pressure(length));
        _view = file.CreateViewAccessor(offset, length, access);
        // The handle's own finaliser unmaps; counted references to it would keep it from doing so.
        _start = (byte*)_view.SafeMemoryMappedViewHandle.DangerousGetHandle() + _view.PointerOffset;
    }

    // Small to the collector, large to the disk: without this it would not hurry.
    sealed class Pressure
    {
        readonly int _bytes;

        public Pressure(int bytes) => GC.AddMemoryPressure(_bytes = bytes);

        ~Pressure() => GC.RemoveMemoryPressure(_bytes);
    }

    /// <summary>A range of an existing file, to be read only.</summary>
    public static ByteString Of(SafeFileHandle handle, long offset, int length)
    {
        using var file = MemoryMappedFile.CreateFromFile(handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        return UnsafeByteOperations.UnsafeWrap(new MappedBytes(file, offset, length, MemoryMappedFileAccess.Read).Memory);
    }

    /// <summary>Zeros in a temporary file that has no name and vanishes with its last user.</summary>
    public static Memory<byte> Scratch(int length)
    {
        var path = Path.Combine(Path.GetTempPath(), $"onnxedit-{Guid.NewGuid():N}.bin");
        var options = OperatingSystem.IsWindows() ? FileOptions.DeleteOnClose : FileOptions.None;
        using var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, options);
        if (!OperatingSystem.IsWindows()) File.Delete(path);
        RandomAccess.SetLength(handle, length);
        using var file = MemoryMappedFile.CreateFromFile(handle, null, 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true);
        return new MappedBytes(file, 0, length, MemoryMappedFileAccess.ReadWrite).Memory;
    }

    /// <summary>True for bytes that lie in a mapped file.</summary>
    public static bool Holds(ByteString bytes) => MemoryMarshal.TryGetMemoryManager<byte, MappedBytes>(bytes.Memory, out _);

    /// <inheritdoc/>
    public override Span<byte> GetSpan() => new(_start, _length);

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex, pinnable: this);

    /// <inheritdoc/>
    public override void Unpin() { }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _view.Dispose();
        GC.KeepAlive(_pressure);
    }
}
