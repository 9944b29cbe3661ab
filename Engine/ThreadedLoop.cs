using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine;

/// <summary>
/// Loops over rows that do not depend on each other, on as many threads as the run at hand may use
/// (<see cref="ExecutionOptions.Threads"/>). Every row is computed by one thread, so results do not depend on their number.
/// </summary>
static class ThreadedLoop
{
    /// <summary>Calls the body for each number from <paramref name="from"/> up to, and without, <paramref name="to"/>.</summary>
    /// <exception cref="AggregateException">The body threw.</exception>
    internal static void For(int from, int to, Action<int> body) =>
        Parallel.For(from, to, new ParallelOptions { MaxDegreeOfParallelism = ExecutionOptions.Current.ThreadCount }, body);
}
