namespace OnnxEdit.Engine.Runtime;

/// <summary>Room on the heap between the steps of long work.</summary>
static class HeapRoom
{
    const long Large = 1L << 30;

    /// <summary>
    /// Frees what nothing holds any more where over a gigabyte is in use: what was worked out for one layer of a large network is hundreds
    /// of megabytes, and the collector would let as much again pile up.
    /// </summary>
    public static void Make()
    {
        if (GC.GetTotalMemory(forceFullCollection: false) > Large) GC.Collect();
    }
}
