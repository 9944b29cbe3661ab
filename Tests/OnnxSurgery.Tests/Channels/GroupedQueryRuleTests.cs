using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>Attention with fewer key heads than query heads, with and without keys and values that the model returns.</summary>
public class GroupedQueryRuleTests
{
    const int Tokens = 4, Width = 12, Heads = 6, Groups = 2, Size = 16, Batch = 3;

    public static TheoryData<string, bool> Forms => new MatrixTheoryData<string, bool>(["grouped", "packed", "rotary", "standard", "standard heads"], [false, true]);

    [Theory]
    [MemberData(nameof(Forms))]
    public void Removing_any_heads_equals_masking_them(string form, bool returnsKeys)
    {
        var model = Build(form, returnsKeys);
        var analysis = ChannelAnalysis.Of(NormalisedModel.Create(model), HeadCut.Heads);
        var heads = analysis.Groups.Single(g => g.Consumers.Any(n => n.Output[0] == "out"));
        var free = heads.Cells.Where(c => analysis.LockOf(c) is null).ToArray();
        Assert.Equal(returnsKeys ? Heads / Groups : Groups, free.Length);
        var original = ModelRunner.Run(model);
        foreach (var gone in free)
        {
            var removed = new bool[analysis.CellCount];
            removed[gone] = true;
            var masked = ModelRunner.Run(MaskInsertion.Apply(analysis, removed));
            var slim = ChannelRemoval.Apply(analysis, removed);
            ModelRunner.AssertSame(masked, ModelRunner.Run(slim), $"{form}, head {gone}");
            CostCheck.AssertSame(analysis, removed, slim, $"{form}, head {gone}");
            Assert.True(ModelRunner.Difference(original[0], masked[0]) > 1e-4, "the masks changed nothing");
            Assert.Equal(original.Select(o => o.Shape), masked.Select(o => o.Shape));
            if (form == "standard heads") continue;
            var node = slim.Graph.Node.Single(n => n.OpType is "Attention" or "GroupQueryAttention");
            Assert.Equal(returnsKeys ? (Heads - Groups, Groups) : (Heads / Groups, 1),
                ((int)node.Int(form == "standard" ? "q_num_heads" : "num_heads", 0), (int)node.Int("kv_num_heads", 0)));
        }
    }

    [Fact]
    public void Dimensions_of_grouped_heads_stay()
    {
        var analysis = ChannelAnalysis.Of(NormalisedModel.Create(Build("grouped", false)));
        Assert.EndsWith("only whole heads of grouped queries can go (HeadCut.Heads)",
            analysis.LockOf(analysis.Groups.Single(g => g.Name == "q").Cells[0])!.ToString(), StringComparison.Ordinal);
    }

    static ModelProto Build(string form, bool returnsKeys)
    {
        var b = new GraphBuilder(7, form.StartsWith("standard", StringComparison.Ordinal) ? 23 : 17) { Batch = Batch };
        var x = b.Input("x", Tokens, Width);
        var (q, k, v) = form == "packed" ? (b.MatMul(x, (Heads + (2 * Groups)) * Size, "qkv"), "", "")
            : (b.MatMul(x, Heads * Size, "q"), b.MatMul(x, Groups * Size, "k"), b.MatMul(x, Groups * Size, "v"));
        long[] wide = [Batch, Tokens, Heads * Size], kept = [Batch, Groups, Tokens, Size];
        string[] outputs = returnsKeys ? ["a", "present.key", "present.value"] : ["a"];
        long[][] shapes = returnsKeys ? [wide, kept, kept] : [wide];
        switch (form)
        {
            case "standard":
                b.Several("Attention", [q, k, v], outputs, shapes, n => { n.Set("q_num_heads", Heads); n.Set("kv_num_heads", Groups); n.Set("is_causal", 1); });
                break;
            case "standard heads":
                string Apart(string t, int heads) => b.Transpose(b.Reshape(t, 0, -1, heads, Size), 0, 2, 1, 3);
                shapes[0] = [Batch, Heads, Tokens, Size];
                outputs[0] = "apart";
                b.Several("Attention", [Apart(q, Heads), Apart(k, Groups), Apart(v, Groups)], outputs, shapes);
                b.Op("Reshape", [b.Transpose("apart", 0, 2, 1, 3), b.Integers("wide", 0, -1, Heads * Size)], wide, "a");
                break;
            default:
                // GroupQueryAttention always makes all three.
                string[] inputs = [q, k, v, "", "", Ints(b, "lengths", [Batch], [.. Enumerable.Repeat(Tokens - 1L, Batch)]), Ints(b, "total", [], Tokens)];
                if (form == "rotary") inputs = [.. inputs, b.Weight("cos", [Tokens, Size / 2]), b.Weight("sin", [Tokens, Size / 2])];
                b.Several("GroupQueryAttention", inputs, ["a", "present.key", "present.value"], [wide, kept, kept], n =>
                {
                    n.Domain = "com.microsoft";
                    n.Set("num_heads", Heads);
                    n.Set("kv_num_heads", Groups);
                    if (form == "rotary") n.Set("do_rotary", 1);
                });
                break;
        }
        var y = b.MatMul(b.MatMul("a", Width, "out"), 2, "y");
        return returnsKeys ? b.Build(y, "present.key", "present.value") : b.Build(y);
    }

    static string Ints(GraphBuilder b, string name, long[] dims, params long[] values) =>
        b.Op("Cast", [dims.Length == 0 ? b.Scalar($"{name}.wide", values[0]) : b.Integers($"{name}.wide", values)], dims, name, n => n.Set("to", 6));
}
