using OnnxEdit.Engine.Tasks;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class PairedDifferenceTests
{
    [Fact]
    public void The_standard_error_is_that_of_the_mean_of_the_differences()
    {
        bool[] first = [true, true, false, true, false, false, true, true];
        bool[] second = [true, false, true, true, true, false, true, false];
        var difference = PairedDifference.Of(first, second);

        var each = first.Zip(second, (a, b) => (b ? 1.0 : 0) - (a ? 1.0 : 0)).ToArray();
        var mean = each.Average();
        var variance = each.Sum(value => (value - mean) * (value - mean)) / (each.Length - 1);
        Assert.Equal(mean, difference.Difference, 12);
        Assert.Equal(Math.Sqrt(variance / each.Length), difference.StandardError, 12);
        Assert.Equal((2, 2), (difference.OnlyFirst, difference.OnlySecond));
    }

    [Fact]
    public void Models_that_judge_alike_have_no_uncertainty()
    {
        var difference = PairedDifference.Of([true, false, true], [true, false, true]);
        Assert.Equal((0.0, 0.0), (difference.Difference, difference.StandardError));
    }

    [Fact]
    public void Different_numbers_of_images_cannot_be_paired() =>
        Assert.Throws<ArgumentException>(() => PairedDifference.Of([true], [true, false]));
}
