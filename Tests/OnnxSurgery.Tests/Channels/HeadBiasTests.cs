using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>Scores of attention to which an input of the model is added: one bias per head holds the heads, and the reason says so.</summary>
public class HeadBiasTests
{
    const int Tokens = 4, Width = 12, Heads = 3, Size = 4, Batch = 3;
    const string Mask = "its mask differs between heads and is an input of the model";

    [Theory]
    [InlineData("steps", "Add 'biased': meets 'bias' (an input of the model), which keeps its channels")]
    [InlineData("steps, scaled", "Add 'biased': meets 'mul_0' (computed in the graph), which keeps its channels")]
    [InlineData("standard", "Attention 'a': " + Mask)]
    [InlineData("standard heads", "Attention 'a': " + Mask)]
    [InlineData("fused weights", "Attention 'a': " + Mask)]
    [InlineData("fused", "MultiHeadAttention 'a': " + Mask)]
    public void A_bias_per_head_locks_heads_and_leaves_their_dimensions(string form, string because)
    {
        var heads = Analysed(form, Heads, HeadCut.Heads);
        Assert.All(Read(heads), c => Assert.Equal(because, heads.LockOf(c)?.ToString()));
        var dimensions = Analysed(form, Heads, HeadCut.Dimensions);
        Compare(dimensions, Assert.Single(Read(dimensions).Take(1), c => dimensions.LockOf(c) is null), form);
    }

    [Theory]
    [InlineData("steps")]
    [InlineData("steps, scaled")]
    [InlineData("standard")]
    [InlineData("standard heads")]
    [InlineData("fused weights")]
    [InlineData("fused")]
    public void One_bias_for_all_heads_lets_them_go(string form)
    {
        var analysis = Analysed(form, 1, HeadCut.Heads);
        Assert.Equal(Heads, Read(analysis).Length);
        foreach (var head in Read(analysis)) Compare(analysis, head, $"{form}, cell {head}");
    }

    // What the layer behind the attention reads.
    static int[] Read(ChannelAnalysis analysis) => [.. analysis.Consumers.Single(c => c.Node.Output[0] == "y").Channels.Ids.Distinct()];

    static ChannelAnalysis Analysed(string form, int biases, HeadCut cut) => ChannelAnalysis.Of(NormalisedModel.Create(Build(form, biases)), cut);

    static void Compare(ChannelAnalysis analysis, int cell, string what)
    {
        Assert.Null(analysis.LockOf(cell)?.ToString());
        var removed = new bool[analysis.CellCount];
        removed[cell] = true;
        var masked = ModelRunner.Run(MaskInsertion.Apply(analysis, removed));
        ModelRunner.AssertSame(masked, ModelRunner.Run(ChannelRemoval.Apply(analysis, removed)), what);
        Assert.True(ModelRunner.Difference(ModelRunner.Run(analysis.Model.Proto)[0], masked[0]) > 1e-4, "the masks changed nothing");
    }

    static ModelProto Build(string form, int biases)
    {
        var isStandard = form.StartsWith("standard", StringComparison.Ordinal);
        var b = new GraphBuilder(3, isStandard ? 23 : 17) { Batch = Batch };
        var (x, bias) = (b.Input("x", Tokens, Width), b.Input("bias", biases, Tokens, Tokens));
        if (form == "fused weights")
            return b.Build(b.MatMul(b.Microsoft("Attention", [x, b.Weight("qkv", [Width, 3 * Width], Width), b.Weight("qkv.bias", [3 * Width]), "", "", bias], [Batch, Tokens, Width], "a",
                n => n.Set("num_heads", Heads)), 2, "y"));
        string[] flat = [b.MatMul(x, Width, "q"), b.MatMul(x, Width, "k"), b.MatMul(x, Width, "v")];
        string[] Apart() => [.. flat.Select(t => b.Transpose(b.Reshape(t, 0, Tokens, Heads, Size), 0, 2, 1, 3))];
        string Joined(string t) => b.Reshape(b.Transpose(t, 0, 2, 1, 3), 0, Tokens, Width);
        switch (form)
        {
            case "fused":
                return b.Build(b.MatMul(b.Microsoft("MultiHeadAttention", [.. flat, "", "", bias], [Batch, Tokens, Width], "a", n => n.Set("num_heads", Heads)), 2, "y"));
            case "standard":
                return b.Build(b.MatMul(b.Op("Attention", [.. flat, bias], [Batch, Tokens, Width], "a", n =>
                {
                    n.Set("q_num_heads", Heads);
                    n.Set("kv_num_heads", Heads);
                }), 2, "y"));
            case "standard heads":
                return b.Build(b.MatMul(Joined(b.Op("Attention", [.. Apart(), bias], [Batch, Heads, Tokens, Size], "a")), 2, "y"));
            default:
                var (q, k, v) = Apart() is [var a, var c, var d] ? (a, c, d) : default;
                if (form == "steps, scaled") bias = b.Mul(bias, b.Floats("scale", [], 0.5f));
                var scores = b.Add(b.MatMul(q, b.Transpose(k, 0, 1, 3, 2)), bias, "biased");
                return b.Build(b.MatMul(Joined(b.MatMul(b.Softmax(scores, 3), v)), 2, "y"));
        }
    }
}
