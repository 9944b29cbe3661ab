using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Slimming;
using OnnxEdit.Engine.Unlearning;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class PhysicalUnlearningTests
{
    // Four filters pass the colours on; a fifth is above zero on class 2 only, whose first colour is 2 or more.
    static OnnxModel Model()
    {
        var b = new GraphBuilder(7);
        float[] weights = [.. SmallClassifier.Identity, 1, 0, 0, 0];
        var passed = b.Op("Conv", [b.Input("x", 4, 6, 6), b.Floats("pass.weight", [5, 4, 1, 1], weights), b.Floats("pass.bias", [5], 0, 0, 0, 0, -2)], [1, 5, 6, 6], "pass");
        var last = b.Relu(b.Conv(b.Relu(passed), 4, pads: 1, name: "last"));
        return new OnnxModel(b.Build(b.Gemm(b.Flatten(b.GlobalAveragePool(last)), 3, name: "head")));
    }

    static UnlearnResult Unlearn(int @class, int images)
    {
        ItemSet Part(int part) => SmallClassifier.Images(3 * images, 4).Select([.. Enumerable.Range(part * images, images)]);
        var data = new UnlearnData { Train = Part(0), Validation = Part(1), Test = Part(2) };
        // Its weights are random, and so are its answers.
        var options = new UnlearnOptions { Evaluation = new() { ForceLabels = true }, Classes = [@class], Physical = true, Calibration = images, RetainDrop = 100, ForgetTarget = 100 };
        return Unlearner.Unlearn(Model(), data, options, null, TestContext.Current.CancellationToken);
    }

    [Fact]
    public void The_channel_that_only_the_class_drives_is_removed_from_the_network()
    {
        var (model, report) = Unlearn(2, 900);
        Assert.Equal(new SlimmedGroup("pass", 5, 4), Assert.Single(report.Removed));
        // A filter of four weights with its constant term, and nine weights of each of the four filters that read it.
        Assert.Equal(4 + 1 + 36, report.Before.Parameters - report.After.Parameters);
        Assert.Equal([4, 4, 1, 1], model.Proto.Graph.Initializer.First(t => t.Name == "pass.weight").Dims);
        Assert.StartsWith("1 of 1 channels", report.Basis, StringComparison.Ordinal);
        Assert.EndsWith("the head is as it was.", report.Basis, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 900)] // No channel is largest on the middle class.
    [InlineData(2, 30)] // Too few images to be sure of any.
    public void Where_no_channel_qualifies_it_is_said(int @class, int images)
    {
        var e = Assert.Throws<OnnxEngineException>(() => Unlearn(@class, images));
        Assert.Equal(ErrorKind.TargetNotReached, e.Kind);
        Assert.Contains("leave out UnlearnOptions.Physical", e.Message, StringComparison.Ordinal);
    }
}
