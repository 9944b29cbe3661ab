using OnnxEdit.Engine.Reporting;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class PairedHistogramTests
{
    [Fact]
    public void Every_value_of_both_samples_falls_into_a_bin_of_the_common_range()
    {
        var histogram = PairedHistogram.Of([0, 1, 9.99], [-2, 8, 8], 6);
        Assert.Equal(-2, histogram.Lower);
        Assert.Equal(11.99 / 6, histogram.Width, 12);
        Assert.Equal([0, 2, 0, 0, 0, 1], histogram.Before!);
        Assert.Equal([1, 0, 0, 0, 0, 2], histogram.After);
    }

    [Fact]
    public void One_value_repeated_has_a_bin_to_stand_in()
    {
        var histogram = PairedHistogram.Of(null, [3, 3, 3], 4);
        Assert.Null(histogram.Before);
        Assert.Equal(3, histogram.After.Sum());
        Assert.True(histogram.Width > 0);
    }
}
