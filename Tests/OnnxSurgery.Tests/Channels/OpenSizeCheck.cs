using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>Cuts a model traced at one size of its open input, and compares with masks, and the original with its folded form, at others.</summary>
static class OpenSizeCheck
{
    /// <param name="model">A model of one input; its extents that differ between the sizes are opened here.</param>
    /// <param name="tensor">Second channel of this tensor goes.</param>
    /// <param name="traced">Size of the input without the batch, at which the model is analysed.</param>
    /// <param name="others">Other sizes.</param>
    public static void Compare(ModelProto model, string tensor, long[] traced, params long[][] others) => Compare(model, tensor, HeadCut.Dimensions, traced, others);

    /// <inheritdoc cref="Compare(ModelProto, string, long[], long[][])"/>
    public static void Compare(ModelProto model, string tensor, HeadCut cut, long[] traced, params long[][] others)
    {
        for (var a = 0; a < traced.Length; a++)
            if (others.Any(o => o[a] != traced[a])) model.Graph.Input[0].Type.TensorType.Shape.Dim[a + 1] = new() { DimParam = $"open{a}" };
        var output = model.Graph.Output[0].Type.TensorType.Shape.Dim;
        for (var a = 1; a < output.Count; a++) output[a] = new() { DimParam = $"out{a}" };
        Dictionary<string, long[]> Shapes(long batch, long[] size) => new() { [model.Graph.Input[0].Name] = [batch, .. size] };
        var analysis = ChannelAnalysis.Of(NormalisedModel.Create(model, Shapes(-1, traced)), cut);
        var removed = new bool[analysis.CellCount];
        // Heads take a run of places.
        var cells = analysis.Tensors[tensor].Ids.Distinct().ToArray();
        Assert.Null(analysis.LockOf(cells[1])?.ToString());
        removed[cells[1]] = true;
        var (masked, slim) = (MaskInsertion.Apply(analysis, removed), ChannelRemoval.Apply(analysis, removed));
        foreach (var size in (long[][])[traced, .. others])
            foreach (var batch in (long[])[1, 4])
            {
                var (shapes, what) = (Shapes(batch, size), $"{batch} of size {string.Join(" x ", size)}");
                var original = ModelRunner.Run(model, 1, shapes);
                ModelRunner.AssertSame(original, ModelRunner.Run(analysis.Model.Proto, 1, shapes), $"{what}, folded");
                var expected = ModelRunner.Run(masked, 1, shapes);
                ModelRunner.AssertSame(expected, ModelRunner.Run(slim, 1, shapes), what);
                Assert.True(ModelRunner.Difference(original[0], expected[0]) > 1e-4, "the masks changed nothing");
            }
    }
}
