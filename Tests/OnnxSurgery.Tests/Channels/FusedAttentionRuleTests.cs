using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>Attention as ONNX Runtime's transformer optimiser writes it.</summary>
public class FusedAttentionRuleTests
{
    const int Tokens = 4, Width = 12, Heads = 3, Size = 4;

    public static TheoryData<string, HeadCut> Forms => new MatrixTheoryData<string, HeadCut>(
        ["packed weights", "separate", "separate with bias", "fused products"], [HeadCut.Dimensions, HeadCut.Heads]);

    [Theory]
    [MemberData(nameof(Forms))]
    public void Removing_any_channels_of_a_fused_attention_equals_masking_them(string form, HeadCut cut)
    {
        var model = Build(form);
        var analysis = ChannelAnalysis.Of(NormalisedModel.Create(model), cut);
        var original = ModelRunner.Run(model);
        var telling = 0;
        for (var seed = 0; seed < 6; seed++)
        {
            var removed = RandomRemoval.Draw(analysis, seed, seed == 0 ? 0 : 0.4);
            var masked = ModelRunner.Run(MaskInsertion.Apply(analysis, removed));
            var slim = ChannelRemoval.Apply(analysis, removed);
            ModelRunner.AssertSame(masked, ModelRunner.Run(slim), $"{form}, {cut}, seed {seed}");
            CostCheck.AssertSame(analysis, removed, slim, $"{form}, {cut}, seed {seed}");
            if (ModelRunner.Difference(original[0], masked[0]) > 1e-4) telling++;
        }
        Assert.True(telling >= 3, $"only {telling} of 5 removals changed what {form} returns");
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Heads_dimensions_and_neurons_go_and_the_normalised_stream_stays(string form, HeadCut cut)
    {
        var analysis = ChannelAnalysis.Of(NormalisedModel.Create(Build(form)), cut);
        var context = analysis.Groups.Single(g => g.Consumers.Any(n => n.Output[0] == "out"));
        // What one node makes is one group: dimensions of queries with keys, and those of values.
        Assert.Equal(cut == HeadCut.Heads ? Heads : form == "packed weights" ? 2 * Size : Size, context.Cells.Count(c => analysis.LockOf(c) is null));
        Assert.Equal(2 * Width, analysis.Groups.Single(g => g.Name == "up").Cells.Count(c => analysis.LockOf(c) is null));
        Assert.Contains("normalises across the channel axis", analysis.LockOf(analysis.Groups.Single(g => g.Name == "out").Cells[0])!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Sizes_and_scale_are_spelt_out_when_dimensions_go()
    {
        var analysis = ChannelAnalysis.Of(NormalisedModel.Create(Build("packed weights")));
        var removed = new bool[analysis.CellCount];
        removed[analysis.Groups.Single(g => g.Consumers.Any(n => n.Output[0] == "out")).Cells[0]] = true;
        var slim = ChannelRemoval.Apply(analysis, removed);
        var node = slim.Graph.Node.Single(n => n.OpType == "Attention");
        Assert.Equal([Heads * (Size - 1), Heads * (Size - 1), Width], node.Ints("qkv_hidden_sizes")!);
        Assert.Equal(0.5f, node.Float("scale", 0));
        Assert.Equal([Width, (3 * Width) - (2 * Heads)], Specimen.Dims(slim, "qkv"));
    }

    static ModelProto Build(string form)
    {
        var b = new GraphBuilder(11);
        var x = b.Add(b.MatMul(b.Input("x", Tokens, Width), Width, "in"), b.Weight("in.bias", [Width]));
        var attended = b.MatMul(Attend(b, form, x), Width, "out");
        var normal = b.Microsoft("SkipLayerNormalization", [attended, x, b.Weight("gamma", [Width]), b.Weight("beta", [Width]), b.Weight("skip.bias", [Width])], [1, Tokens, Width], "normal");
        var hidden = b.Microsoft("BiasGelu", [b.MatMul(normal, 2 * Width, "up"), b.Weight("up.bias", [2 * Width])], [1, Tokens, 2 * Width], "gelu");
        return b.Build(b.MatMul(hidden, 2, "y"));
    }

    static string Attend(GraphBuilder b, string form, string x)
    {
        if (form == "packed weights")
            return b.Microsoft("Attention", [x, b.Weight("qkv", [Width, 3 * Width]), b.Weight("qkv.bias", [3 * Width])], [1, Tokens, Width], "a", n => n.Set("num_heads", Heads));
        string[] qkv = [b.MatMul(x, Width, "q"), b.MatMul(x, Width, "k"), b.MatMul(x, Width, "v")];
        if (form != "fused products")
            return b.Microsoft("MultiHeadAttention", form == "separate" ? qkv : [.. qkv, b.Weight("qkv.bias", [3 * Width])], [1, Tokens, Width], "a", n => n.Set("num_heads", Heads));
        string[] apart = [.. qkv.Select(t => b.Transpose(b.Reshape(t, 0, -1, Heads, Size), 0, 2, 1, 3))];
        var scores = b.Microsoft("FusedMatMul", [apart[0], apart[1]], [1, Heads, Tokens, Tokens], "scores", n =>
        {
            n.Set("transB", 1L);
            n.Set("alpha", 0.5f);
        });
        return b.Reshape(b.Transpose(b.MatMul(b.Softmax(scores, 3), apart[2]), 0, 2, 1, 3), 0, -1, Width);
    }
}
