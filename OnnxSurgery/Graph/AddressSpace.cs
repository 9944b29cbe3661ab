using System.Globalization;
using System.Runtime.InteropServices;

namespace OnnxEdit.Surgery.Graph;

/// <summary>
/// A ceiling for the address space of this process while a model is run that nobody knows yet. One Expand can ask for
/// more than the machine has, and such a run cannot be ended before the operator is done: the system would end the
/// process first. Under the ceiling its allocation fails, and ONNX Runtime says so. On systems other than Linux there is none.
/// </summary>
sealed partial class AddressSpace : IDisposable
{
    const int AddressSpaceResource = 9; // RLIMIT_AS

    static readonly Lock _lock = new();
    static int _holders;
    static Limits _before;

    readonly bool _held;

    /// <param name="room">Bytes that may be added to what the process has now.</param>
    public AddressSpace(double room)
    {
        if (!OperatingSystem.IsLinux()) return;
        lock (_lock)
        {
            // The limit belongs to the process: the first run sets it, the last one lifts it.
            if (_holders == 0)
            {
                if (GetLimit(AddressSpaceResource, out _before) != 0) return;
                var ceiling = Math.Min(_before.Soft, Used() + (ulong)room);
                if (SetLimit(AddressSpaceResource, new Limits { Soft = ceiling, Hard = _before.Hard }) != 0) return;
            }
            _holders++;
            _held = true;
        }
    }

    public void Dispose()
    {
        if (!_held) return;
        lock (_lock)
            if (--_holders == 0) _ = SetLimit(AddressSpaceResource, _before);
    }

    static ulong Used() =>
        ulong.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[0], CultureInfo.InvariantCulture) * (ulong)Environment.SystemPageSize;

    [StructLayout(LayoutKind.Sequential)]
    struct Limits
    {
        public ulong Soft;
        public ulong Hard;
    }

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, out Limits limits);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, in Limits limits);
}
