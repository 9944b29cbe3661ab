using System.Runtime.ExceptionServices;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Runtime;

/// <summary>
/// Work on many short-lived sessions of the same size, some side by side: a session is made by one thread, and two that run on
/// half of the cores each wait less than one that runs on all of them.
/// </summary>
static class SessionLanes
{
    /// <summary>Sessions side by side at most: each has weights and activations of its own.</summary>
    public const int Most = 4;

    /// <summary>Runs numbered pieces of work.</summary>
    /// <param name="count">Their number.</param>
    /// <param name="work">Gets a number and how many threads its session may have.</param>
    /// <param name="cancellation">Ends the work early.</param>
    public static void Run(int count, Action<int, int> work, CancellationToken cancellation)
    {
        var cores = OrtRuntime.Threads > 0 ? OrtRuntime.Threads : Environment.ProcessorCount;
        // A GPU is one lane however many cores stand beside it.
        var lanes = OrtDevice.UseCuda ? 1 : Math.Min(Math.Min(cores, Most), count);
        if (lanes <= 1)
        {
            for (var i = 0; i < count; i++) work(i, cores);
            return;
        }
        try
        {
            Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = lanes, CancellationToken = cancellation }, i => work(i, cores / lanes));
        }
        catch (AggregateException several)
        {
            ExceptionDispatchInfo.Throw(several.InnerExceptions[0]);
        }
    }
}
