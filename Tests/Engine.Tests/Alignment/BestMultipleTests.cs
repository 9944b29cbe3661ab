using OnnxEdit.Engine.Alignment;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public class BestMultipleTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(16)]
    public void The_step_of_a_staircase_is_found(int step)
    {
        var table = Table((kind, c) => (c % step == 0 ? 1 : 1.6) * Math.Pow(c, kind == AlignmentKind.Depthwise ? 1 : 2));
        Assert.Equal(step, table.MultipleFor(depthwise: false, matmul: false));
        Assert.Equal(step, table.MultipleFor(depthwise: true, matmul: false));
        Assert.Equal(step, table.MultipleFor(depthwise: false, matmul: true));
    }

    [Fact]
    public void Each_kind_has_a_staircase_of_its_own()
    {
        var table = Table((kind, c) => kind switch
        {
            AlignmentKind.Depthwise => c % 16 == 0 ? c : 4 * c,
            AlignmentKind.MatMul => (double)c * c,
            _ => c % 8 == 0 ? c * c : 1.6 * c * c,
        });
        Assert.Equal(8, table.MultipleFor(depthwise: false, matmul: false));
        Assert.Equal(16, table.MultipleFor(depthwise: true, matmul: false));
        Assert.Equal(1, table.MultipleFor(depthwise: false, matmul: true));
    }

    [Fact]
    public void Small_differences_are_not_worth_coarser_steps()
    {
        var table = Table((_, c) => (c % 4 == 0 ? 1 : 1.03) * c * c);
        Assert.Equal(1, table.MultipleFor(depthwise: false, matmul: false));
    }

    [Fact]
    public void Without_measurements_every_count_is_as_good() =>
        Assert.Equal(1, new AlignmentTable("cpu", 1, "1", []).MultipleFor(depthwise: false, matmul: false));

    static AlignmentTable Table(Func<AlignmentKind, int, double> time) => new("cpu", 2, "1.0", [..
        from kind in Enum.GetValues<AlignmentKind>()
        from c in Enumerable.Range(8, 57)
        select new AlignmentRow(kind, c, time(kind, c))]);
}
