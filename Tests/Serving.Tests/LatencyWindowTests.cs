using Xunit;

namespace OnnxEdit.Serving.Tests;

public sealed class LatencyWindowTests
{
    static LatencyWindow Of(params IEnumerable<int> milliseconds)
    {
        var window = new LatencyWindow();
        foreach (var time in milliseconds) window.Add(time);
        return window;
    }

    [Fact]
    public void One_slow_request_of_a_hundred_is_not_the_99th_percentile()
    {
        // 98 hundredths of the way between the 99th and the last: what Quantile says, not the largest.
        var window = Of([.. Enumerable.Repeat(1, 99), 1000]);
        Assert.Equal(1 + (0.01 * 999), window.At(0.99), 1e-9);
        Assert.Equal(1000, window.At(1));
        Assert.Equal(1, window.At(0.5));
    }

    [Fact]
    public void Quantiles_do_not_depend_on_the_order_of_requests()
    {
        Assert.Equal(50.5, Of(Enumerable.Range(1, 100).Reverse()).At(0.5));
        Assert.Equal(99.01, Of(Enumerable.Range(1, 100).Reverse()).At(0.99), 1e-9);
    }

    [Fact]
    public void Only_the_latest_times_count()
    {
        var window = Of([.. Enumerable.Repeat(1000, 5), .. Enumerable.Repeat(1, LatencyWindow.Length - 1)]);
        Assert.Equal(1000, window.At(1));
        window.Add(2);
        Assert.Equal(2, window.At(1));
    }

    [Fact]
    public void Without_requests_there_is_no_latency() => Assert.Equal(0, new LatencyWindow().At(0.99));
}
