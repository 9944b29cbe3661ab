using OnnxEdit.Engine.Linear;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class ErrorGainsTests
{
    // Two branches into one sum; the second reaches it a hundred times weaker.
    static Dictionary<string, double> Measure(int? batch)
    {
        var b = new GraphBuilder(7) { Batch = batch };
        var x = b.Flatten(b.Input("x", 3, 6, 6), "flat");
        var strong = b.Gemm(x, 6, name: "strong");
        var weak = b.Gemm(x, 6, name: "weak");
        var sum = b.Add(b.Relu(strong), b.Op("Mul", [b.Relu(weak), b.Weight("hundredth", [1])], [6], "weaker"), "sum");
        var proto = b.Build(b.Gemm(sum, 4, name: "out"));
        TensorData.SetFloats(proto.Graph.Initializer.First(t => t.Name == "hundredth"), [0.01f]);
        var model = NormalisedModel.Create(proto);
        return ErrorGains.Measure(
            model, ItemLayout.Of(model), UnitTarget.All(model.Proto, model.Trace), SmallClassifier.Images(40), 10, TestContext.Current.CancellationToken);
    }

    [Fact]
    public void An_error_counts_by_what_of_it_arrives_at_the_output()
    {
        var gains = Measure(null);
        // The gain is a root of a share of power: an amplitude ratio.
        Assert.InRange(gains["strong"], 0.3, 1.5);
        Assert.InRange(gains["weak"] / gains["strong"], 0.001, 0.05);
    }

    [Fact]
    public void A_fixed_batch_changes_nothing()
    {
        var (open, one) = (Measure(null), Measure(1));
        foreach (var (tensor, gain) in open) Assert.Equal(gain, one[tensor], 0.01 * gain);
    }
}
