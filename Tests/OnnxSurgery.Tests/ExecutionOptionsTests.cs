using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public sealed class ExecutionOptionsTests : IDisposable
{
    // Away from what holds for the other tests.
    readonly IDisposable _defaults = ExecutionOptions.Enter(new ExecutionOptions());

    public void Dispose() => _defaults.Dispose();

    [Fact]
    public void Runs_side_by_side_have_threads_of_their_own()
    {
        using var both = new Barrier(2);
        var (found, after) = (new int[2][], new[] { -1, -1 });
        Thread[] threads = [.. Enumerable.Range(0, 2).Select(side => new Thread(() =>
        {
            using (ExecutionOptions.Enter(new ExecutionOptions { Threads = side + 1 }))
            {
                // Both are inside before either looks.
                both.SignalAndWait();
                found[side] = [SessionThreads(), .. Elsewhere(SessionThreads)];
                both.SignalAndWait();
            }
            after[side] = ExecutionOptions.Current.Threads;
        }))];
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        Assert.All(found[0], n => Assert.Equal(1, n));
        Assert.All(found[1], n => Assert.Equal(2, n));
        Assert.Equal([0, 0], after);
    }

    [Fact]
    public void A_run_without_options_follows_the_one_around_it()
    {
        var outer = new ExecutionOptions { Threads = 3, LimitsAddressSpace = true };
        using (ExecutionOptions.Enter(outer))
        {
            using (ExecutionOptions.Enter(null)) Assert.Same(outer, ExecutionOptions.Current);
            using (ExecutionOptions.Enter(new ExecutionOptions { Threads = 5 })) Assert.Equal((5, false), (ExecutionOptions.Current.Threads, ExecutionOptions.Current.LimitsAddressSpace));
            Assert.Same(outer, ExecutionOptions.Current);
        }
        Assert.Equal(new ExecutionOptions(), ExecutionOptions.Current);
    }

    [Fact]
    public async Task A_scope_goes_along_with_what_waits_inside_and_ends_for_all_after_it()
    {
        using (ExecutionOptions.Enter(new ExecutionOptions { Threads = 2 }))
        {
            await Task.Yield();
            Assert.Equal(2, ExecutionOptions.Current.Threads);
        }
        Assert.Equal(0, ExecutionOptions.Current.Threads);
    }

    [Fact]
    public void No_threads_means_all_and_less_is_refused()
    {
        Assert.Equal(Environment.ProcessorCount, new ExecutionOptions().ThreadCount);
        Assert.Throws<ArgumentOutOfRangeException>(() => new ExecutionOptions { Threads = -1 });
    }

    [Fact]
    public void A_device_that_this_build_cannot_serve_is_refused_where_it_would_be_used()
    {
        if (OrtRuntime.HasCuda) Assert.Skip("This build has CUDA.");
        using var execution = ExecutionOptions.Enter(new ExecutionOptions { Device = ExecutionDevice.Cuda });
        var model = SmallModels.Classifier();
        using (OrtRuntime.CreateSession(model, optimise: false)) Assert.Contains("has no CUDA", Assert.Throws<OnnxSurgeryException>(() => OrtRuntime.CreateSession(model)).Message, StringComparison.Ordinal);
    }

    static int SessionThreads()
    {
        using var options = OrtRuntime.CreateOptions();
        return options.IntraOpNumThreads;
    }

    // The ways in which the libraries put work on other threads.
    static IEnumerable<int> Elsewhere(Func<int> look)
    {
        yield return Task.Run(look).Result;
        var found = 0;
        var thread = new Thread(() => found = look());
        thread.Start();
        thread.Join();
        yield return found;
        var all = new int[64];
        Parallel.For(0, all.Length, i => all[i] = look());
        foreach (var n in all) yield return n;
    }
}
