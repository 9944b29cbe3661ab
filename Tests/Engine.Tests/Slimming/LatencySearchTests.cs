using OnnxEdit.Engine.Slimming.Metrics;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public class LatencySearchTests
{
    // Plans remove the first n of 20 cells; each cell is a twentieth of the MACs. A fifth of the time is overhead.
    static (bool[] Removed, double Macs) Leaving(double macs, int smallest = 1)
    {
        var left = Math.Max(smallest, (int)Math.Floor((macs * 20) + 1e-9));
        return ([.. Enumerable.Range(0, 20).Select(i => i >= left)], left / 20.0);
    }

    static double Time(bool[] removed) => 0.2 + (0.8 * removed.Count(r => !r) / 20.0);

    [Theory]
    [InlineData(0.7)]
    [InlineData(0.5)]
    [InlineData(0.95)]
    public void The_plan_found_takes_the_time_asked_for(double target)
    {
        var found = new LatencySearch(target, 1, m => Leaving(m), Time).Run(_ => { });
        Assert.NotNull(found);
        Assert.InRange(Time(found), target - 0.04, target * 1.02);
    }

    [Fact]
    public void One_wrong_timing_does_not_decide()
    {
        var timings = 0;
        // The second timing is interrupted and takes half as long again.
        double Noisy(bool[] removed) => Time(removed) * (++timings == 2 ? 1.5 : 1);
        var found = new LatencySearch(0.6, 1, m => Leaving(m), Noisy).Run(_ => { });
        Assert.NotNull(found);
        Assert.InRange(Time(found), 0.56, 0.62);
    }

    [Fact]
    public void A_hit_is_timed_twice()
    {
        var timings = 0;
        var search = new LatencySearch(0.6, 1, m => Leaving(m), _ => 0.6 + (0 * ++timings));
        Assert.NotNull(search.Run(_ => { }));
        Assert.Equal(2, timings);
    }

    [Fact]
    public void A_time_below_the_smallest_model_s_is_not_found()
    {
        var search = new LatencySearch(0.1, 1, m => Leaving(m), Time);
        Assert.Null(search.Run(_ => { }));
        Assert.Equal(0.24, search.Fastest, 6);
    }
}
