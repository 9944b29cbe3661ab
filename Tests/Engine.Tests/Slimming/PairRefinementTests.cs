using OnnxEdit.Engine.Linear;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Slimming;
using OnnxEdit.Surgery.Graph;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class PairRefinementTests
{
    const int Images = 24;

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void Every_step_lowers_the_loss(bool isConv, bool reluAware)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var b = new GraphBuilder(3);
        var x = b.Input("x", 3, 6, 6);
        var source = isConv ? x : b.Flatten(x, "source");
        var first = isConv ? b.Conv(source, 6, pads: 1, name: "first") : b.Gemm(source, 6, name: "first");
        var second = isConv ? b.Conv(b.Relu(first, "h"), 5, pads: 1, name: "second") : b.Gemm(b.Relu(first, "h"), 5, name: "second");
        var model = NormalisedModel.Create(b.Build(second));
        LinearUnit Unit(string name) => LinearUnit.Of(model.Proto.Graph.Node.Single(n => n.Output[0] == name), model.Proto.Graph, model.Index)!;
        var (u1, u2) = (Unit("first"), Unit("second"));
        Assert.True(PairRefinement.Applies(u1, u2));

        using var prefix = new PrefixRunner(model.Proto, ItemLayout.Of(model), SmallClassifier.Images(Images), 10);
        prefix.Compute([u1.Input, "first", "second"], cancellation);
        var collector = new GramCollector(0, 36);
        var patches = PatchGraph.Of(u1, model, ItemLayout.Of(model));
        GramCollector.TargetWriter Read(string tensor) => (at, n, to) => prefix.Read(tensor, at, n, to);
        var gram = collector.Collect(patches, u1.Input, prefix, prefix.Shape("first"), Read("first"), 1, cancellation)[0];
        Assert.Equal(Images * patches.Positions, gram.Count);

        var buffer = new BatchBuffer(prefix.Batch, prefix.Shape("second"), Read("second"));
        PairRefinement.BatchTargets targets = (at, n) => reluAware ? [buffer.Fill(at, n), buffer.Fill(at, n)] : [buffer.Fill(at, n)];
        long[] Dims(LinearUnit u) => [.. model.Index.Initializer(u.Node.Input[1])!.Dims];
        var refinement = new PairRefinement(u1, u2, patches, gram, prefix, Dims(u2), targets, reluAware, collector, Images);

        var ((w1, b1), (w2, b2), numbers) = (u1.Read(), u2.Read(), new SeededNumbers(4));
        for (var o = 0; o < b1.Length; o++)
            for (var i = 0; i < w1.GetLength(1); i++) w1[o, i] += 0.05f * (float)numbers.Normal();
        var losses = Enumerable.Range(0, 5).Select(_ => refinement.Step(w1, b1, w2, b2, Dims(u1), 2, cancellation)).ToArray();
        for (var s = 1; s < losses.Length; s++) Assert.True(losses[s] < losses[s - 1], $"step {s}: {string.Join(", ", losses)}");
        Assert.True(losses[^1] < 0.6 * losses[0], string.Join(", ", losses));
    }
}
