using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.Engine.Tests.Runtime;

public class ThreadedLoopTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Loops_take_no_more_threads_than_the_run_has(int threads)
    {
        using var execution = ExecutionOptions.Enter(new ExecutionOptions { Threads = threads });
        var (now, most, sum) = (0, 0, 0L);
        ThreadedLoop.For(0, 2000, i =>
        {
            var running = Interlocked.Increment(ref now);
            for (var seen = Volatile.Read(ref most); running > seen && Interlocked.CompareExchange(ref most, running, seen) != seen;) seen = Volatile.Read(ref most);
            Interlocked.Add(ref sum, i);
            Thread.SpinWait(200);
            Interlocked.Decrement(ref now);
        });
        Assert.Equal(1999L * 2000 / 2, sum);
        Assert.InRange(most, 1, threads);
    }

    [Theory]
    [InlineData(8, 4, 2)]
    [InlineData(8, 3, 2)]
    [InlineData(3, 9, 1)]
    [InlineData(1, 9, 1)]
    [InlineData(8, 1, 8)]
    public void Sessions_side_by_side_share_the_threads_of_the_run(int threads, int pieces, int each)
    {
        using var execution = ExecutionOptions.Enter(new ExecutionOptions { Threads = threads });
        var found = new int[pieces];
        SessionLanes.Run(pieces, i => found[i] = ExecutionOptions.Current.Threads, TestContext.Current.CancellationToken);
        Assert.All(found, n => Assert.Equal(each, n));
        Assert.Equal(threads, ExecutionOptions.Current.Threads);
    }
}
