using OnnxEdit.Engine.Refit;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class ScoreFitTests
{
    // Keys (a, b, a + b): the third dimension is told by the other two.
    static readonly double[][] _gram = [[2, 0.5, 2.5], [0.5, 1, 1.5], [2.5, 1.5, 4]];

    [Fact]
    public void Queries_take_over_what_a_redundant_dimension_said()
    {
        var map = ScoreFit.Queries([(_gram, ScoreFit.Selection([0, 1], 3))]);
        float[][] expected = [[1, 0, 1], [0, 1, 1]];
        for (var a = 0; a < 2; a++)
            for (var d = 0; d < 3; d++) Assert.Equal(expected[a][d], map[a][d], 1e-3f);
    }

    [Fact]
    public void With_all_dimensions_left_queries_stay_as_they_are()
    {
        double[][] gram = [[2, 0.5], [0.5, 1]];
        var map = ScoreFit.Queries([(gram, ScoreFit.Selection([0, 1], 2))]);
        for (var a = 0; a < 2; a++)
            for (var d = 0; d < 2; d++) Assert.Equal(a == d ? 1 : 0, map[a][d], 1e-3f);
    }
}
