using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace OnnxEdit.Engine.Data;

/// <summary>Writes the items of a batch one by one, on several threads when each takes long.</summary>
internal static class ItemLoop
{
    internal delegate void ItemWriter(int index, Span<float> item);

    /// <summary>Calls <paramref name="write"/> for each of <paramref name="count"/> slices of <paramref name="length"/> values.</summary>
    internal static unsafe void Run(int count, int length, Span<float> destination, bool parallel, ItemWriter write)
    {
        if (!parallel || count < 2)
        {
            for (var index = 0; index < count; index++)
                write(index, destination.Slice(index * length, length));
            return;
        }

        fixed (float* pinned = &MemoryMarshal.GetReference(destination))
        {
            // The span itself cannot enter a closure; it stays pinned until every item is written.
            var address = (nint)pinned;
            try
            {
                ThreadedLoop.For(0, count, index => write(index, new Span<float>((float*)address + ((long)index * length), length)));
            }
            catch (AggregateException several)
            {
                ExceptionDispatchInfo.Throw(several.InnerExceptions[0]);
            }
        }
    }
}
