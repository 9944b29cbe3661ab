using OnnxEdit.Engine.Scores;
using OnnxEdit.Engine.Statistics;
using OnnxEdit.Kernels;
using OnnxEdit.Kernels.Witness;
using OnnxEdit.Surgery;
using Xunit;

namespace OnnxEdit.Engine.Tests;

/// <summary>What kernels refuse reaches users of this library as its own exception.</summary>
public sealed class KernelBorderTests
{
    [Fact]
    public void A_score_without_anything_to_score_names_the_place()
    {
        var nothing = new PointStatistics("conv1", "x", [], null, null);
        var error = Assert.Throws<OnnxEngineException>(() => ChannelScores.Table.Of("tv").Point!(nothing, ClassAggregation.Max));
        Assert.Equal(ErrorKind.Data, error.Kind);
        Assert.Equal("The statistics at 'conv1' cannot be scored: A score needs the statistics of at least one pooled feature.", error.Message);
        Assert.IsType<OnnxKernelException>(error.InnerException);
    }

    [Fact]
    public void A_kernel_that_refuses_on_one_of_several_threads_is_met_alike()
    {
        var error = Assert.Throws<OnnxEngineException>(() => KernelBorder.Cross(ErrorKind.Model, "It cannot be done", () =>
        {
            ThreadedLoop.For(0, 8, i => { if (i == 5) throw new OnnxKernelException("Row 5 is odd."); });
            return 0;
        }));
        Assert.Equal((ErrorKind.Model, "It cannot be done: Row 5 is odd."), (error.Kind, error.Message));
    }

    [Fact]
    public void Faults_of_another_sort_pass_as_they_are() =>
        Assert.Throws<InvalidOperationException>(() => KernelBorder.Cross<int>(ErrorKind.Model, "It cannot be done", () => throw new InvalidOperationException()));
}
