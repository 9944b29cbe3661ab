using OnnxEdit.Engine.Tasks;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class QuartilesTests
{
    [Fact]
    public void Quartiles_are_interpolated_between_values() =>
        Assert.Equal(new Quartiles(1.75, 2.5, 3.25), Quartiles.Of([4, 1, 3, 2]));

    [Fact]
    public void One_value_is_all_three_quartiles() => Assert.Equal(new Quartiles(7, 7, 7), Quartiles.Of([7]));

    [Fact]
    public void No_values_have_no_quartiles() => Assert.True(double.IsNaN(Quartiles.Of([]).Median));

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.25, 1.75)]
    [InlineData(0.5, 2.5)]
    [InlineData(0.99, 3.97)]
    [InlineData(1, 4)]
    public void A_quantile_lies_between_the_values_beside_it(double fraction, double expected) =>
        Assert.Equal(expected, Quantile.Of([1, 2, 3, 4], fraction), 1e-12);
}
