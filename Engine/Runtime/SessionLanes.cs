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
    /// <param name="work">Gets a number; run in a scope that leaves it its share of the threads.</param>
    /// <param name="cancellation">Ends the work early.</param>
    public static void Run(int count, Action<int> work, CancellationToken cancellation)
    {
        var execution = ExecutionOptions.Current;
        // A GPU is one lane however many cores stand beside it.
        var lanes = execution.Device == ExecutionDevice.Cuda ? 1 : Math.Clamp(count, 1, Math.Min(execution.ThreadCount, Most));
        using var share = ExecutionOptions.Enter(execution with { Threads = execution.ThreadCount / lanes });
        if (lanes == 1)
        {
            for (var i = 0; i < count; i++) work(i);
            return;
        }
        try
        {
            Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = lanes, CancellationToken = cancellation }, work);
        }
        catch (AggregateException several)
        {
            ExceptionDispatchInfo.Throw(several.InnerExceptions[0]);
        }
    }
}
