using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public class AttentionRuleTests
{
    const int Tokens = 4, Width = 12, Heads = 3, Size = 4;

    public static TheoryData<string, HeadCut> Forms => new MatrixTheoryData<string, HeadCut>(
        ["separate", "fused-gather", "fused-split", "fused-per-head", "grouped", "rotary", "bias", "einsum", "op-packed", "op-grouped", "op-heads", "sdpa"],
        [HeadCut.Dimensions, HeadCut.Heads]);

    [Theory]
    [MemberData(nameof(Forms))]
    public void Removing_any_channels_of_an_attention_equals_masking_them(string form, HeadCut cut)
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
            if (seed == 0) ModelRunner.AssertSame(original, ModelRunner.Run(slim), $"{form}, nothing removed");
            else if (ModelRunner.Difference(original[0], masked[0]) > 1e-4) telling++;
        }
        Assert.True(telling >= 3, $"only {telling} of 5 removals changed what {form} returns");
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Queries_keys_and_values_can_all_be_cut(string form, HeadCut cut)
    {
        var analysis = ChannelAnalysis.Of(NormalisedModel.Create(Build(form)), cut);
        var locked = analysis.Groups.SelectMany(g => g.Cells).Select(analysis.LockOf).OfType<ChannelLock>().Where(l => l.Op != "output").ToArray();
        Assert.True(locked.Length == 0, string.Join("; ", locked.Distinct().AsEnumerable()));
        // Split before the heads are split off, values need not lose the same dimensions as queries and keys.
        var expected = cut == HeadCut.Heads ? KeyHeads(form) : form == "fused-split" ? 2 * Size : Size;
        Assert.Contains(analysis.Groups, g => g.Consumers.Any(n => n.Output[0] == "out") && g.Cells.Count == expected);
    }

    [Fact]
    public void Whole_heads_take_the_slices_of_query_key_value_and_output()
    {
        var model = Build("separate");
        var analysis = ChannelAnalysis.Of(NormalisedModel.Create(model), HeadCut.Heads);
        var group = analysis.Groups.Single(g => g.Producers.Any(p => p.Output[0] == "q"));
        Assert.Equal(Heads, group.Cells.Count);
        Assert.Equal(["q", "k", "v"], group.Producers.Select(p => p.Output[0]));
        var removed = new bool[analysis.CellCount];
        removed[group.Cells[1]] = true;
        var slim = ChannelRemoval.Apply(analysis, removed);
        foreach (var name in (string[])["q.weight", "k.weight", "v.weight"]) Assert.Equal([Width, (Heads - 1) * Size], Specimen.Dims(slim, name));
        Assert.Equal([(Heads - 1) * Size, Width], Specimen.Dims(slim, "out.weight"));
    }

    [Fact]
    public void The_scale_of_the_scores_stays_that_of_the_original_width()
    {
        var analysis = ChannelAnalysis.Of(NormalisedModel.Create(Build("op-packed")));
        var removed = new bool[analysis.CellCount];
        removed[analysis.Groups.Single(g => g.Producers.Any(p => p.Output[0] == "q")).Cells[0]] = true;
        var node = ChannelRemoval.Apply(analysis, removed).Graph.Node.Single(n => n.OpType == "Attention");
        Assert.Equal(0.5f, node.Float("scale", 0));
        Assert.Equal(Heads, node.Int("q_num_heads", 0));
    }

    [Fact]
    public void A_key_head_goes_with_all_query_heads_that_it_serves()
    {
        var analysis = ChannelAnalysis.Of(NormalisedModel.Create(Build("op-grouped")), HeadCut.Heads);
        var group = analysis.Groups.Single(g => g.Producers.Any(p => p.Output[0] == "q"));
        Assert.Equal(2, group.Cells.Count);
        var removed = new bool[analysis.CellCount];
        removed[group.Cells[0]] = true;
        var node = ChannelRemoval.Apply(analysis, removed).Graph.Node.Single(n => n.OpType == "Attention");
        Assert.Equal((2, 1), ((int)node.Int("q_num_heads", 0), (int)node.Int("kv_num_heads", 0)));
    }

    [Fact]
    public void An_attention_with_a_cache_is_locked_and_says_why()
    {
        var b = new GraphBuilder(1, 23);
        var x = b.Input("x", Tokens, Width);
        string[] qkv = [b.MatMul(x, Width, "q"), b.MatMul(x, Width, "k"), b.MatMul(x, Width, "v")];
        var past = b.Input("past", Heads, 2, Size);
        var a = b.Op("Attention", [.. qkv, "", past, past], [1, Tokens, Width], "a", n => n.Attribute.AddRange(HeadCounts(Heads, Heads)));
        b.Op("Identity", [a], [1, Tokens, Width], "y");
        var s = new Specimen(WithPresent(b.Build("y")));
        Assert.Contains("export the model without a cache", s.Lock("q"), StringComparison.Ordinal);
    }

    [Fact]
    public void An_embedding_table_and_a_class_token_are_cut_with_the_stream()
    {
        var b = new GraphBuilder(3);
        var x = b.Input("x", 3, 8);
        var table = b.Weight("table", [3, Width]);
        // Indices that depend on the input, so that the table stays a table.
        var index = b.Op("ArgMax", [x], [1, 3], "index", n => { n.Set("axis", 2L); n.Set("keepdims", 0L); });
        var words = b.Op("Gather", [table, b.Op("Clip", [index, b.Integers("low", 0), b.Integers("high", 2)], [1, 3], "clipped")], [1, 3, Width], "words", n => n.Set("axis", 0L));
        var shape = b.Op("Shape", [x], [3], "shape");
        var first = b.Gather(shape, 0, 0);
        var size = b.Op("Concat", [first, b.Integers("rest", 1, Width)], [3], "size", n => n.Set("axis", 0L));
        var token = b.Op("Expand", [b.Weight("token", [1, 1, Width]), size], [1, 1, Width], "tokens");
        var stream = b.Add(b.Concat(1, token, words), b.Weight("positions", [1, 4, Width]), "stream");
        var model = b.Build(b.MatMul(b.Relu(stream), 2, "y"));
        foreach (var scalar in model.Graph.Initializer.Where(t => t.Name is "low" or "high")) scalar.Dims.Clear();
        var slim = new Specimen(model).Remove("stream", 1, 5);
        Assert.Equal([3, Width - 2], Specimen.Dims(slim, "table"));
        Assert.Equal([1, 4, Width - 2], Specimen.Dims(slim, "positions"));
    }

    [Theory]
    [InlineData("zoo/vit_pgd_2_3_16.onnx")]
    [InlineData("zoo/mnist_self_attention.onnx")]
    public void Every_channel_of_the_real_attention_models_but_the_classes_can_be_removed(string name)
    {
        var model = OnnxModel.Load(SharedData.Model(name)).Proto;
        foreach (var cut in Enum.GetValues<HeadCut>())
        {
            var analysis = ChannelAnalysis.Of(NormalisedModel.Create(model), cut);
            Assert.Equal(10, Enumerable.Range(0, analysis.CellCount).Count(c => analysis.LockOf(c) is not null));
        }
    }

    static int KeyHeads(string form) => form is "grouped" or "op-grouped" ? 2 : Heads;

    internal static ModelProto Build(string form)
    {
        var isOp = form.StartsWith("op-", StringComparison.Ordinal);
        var b = new GraphBuilder(7, isOp ? 23 : 17);
        var x = b.Input("x", Tokens, Width);
        var stream = b.Add(b.MatMul(x, Width, "in"), b.Weight("in.bias", [Width]), "stream");
        var kvHeads = KeyHeads(form);
        var heads = form is "grouped" or "op-grouped" ? 4 : Heads;
        var context = isOp ? Operator(b, stream, form, heads, kvHeads) : Decomposed(b, stream, form, heads, kvHeads);
        var attended = b.Add(b.Add(b.MatMul(context, Width, "out"), b.Weight("out.bias", [Width]), "out_in"), stream);
        var hidden = b.Unary("Erf", b.MatMul(attended, 2 * Width, "up"));
        return b.Build(b.MatMul(b.Add(b.MatMul(hidden, Width, "down"), attended), 2, "y"));
    }

    static string Operator(GraphBuilder b, string x, string form, int heads, int kvHeads)
    {
        string[] qkv = [b.MatMul(x, heads * Size, "q"), b.MatMul(x, kvHeads * Size, "k"), b.MatMul(x, kvHeads * Size, "v")];
        if (form != "op-heads")
            return b.Op("Attention", qkv, [1, Tokens, heads * Size], "a", n => n.Attribute.AddRange(HeadCounts(heads, kvHeads)));
        string[] apart = [.. qkv.Select(t => b.Transpose(b.Reshape(t, 0, Tokens, heads, Size), 0, 2, 1, 3))];
        var a = b.Op("Attention", apart, [1, heads, Tokens, Size], "a");
        return b.Reshape(b.Transpose(a, 0, 2, 1, 3), 0, Tokens, heads * Size);
    }

    static string Decomposed(GraphBuilder b, string x, string form, int heads, int kvHeads)
    {
        var (q, k, v) = Parts(b, x, form, heads, kvHeads);
        if (form == "rotary") (q, k) = (Rotate(b, q, "rq"), Rotate(b, k, "rk"));
        if (form == "grouped") (k, v) = (Repeat(b, k, heads / kvHeads), Repeat(b, v, heads / kvHeads));
        if (form == "einsum")
        {
            var s = b.Softmax(b.Op("Einsum", [q, k], [1, heads, Tokens, Tokens], "scores", n => n.Set("equation", "bhid,bhjd->bhij")));
            var o = b.Op("Einsum", [s, v], [1, Tokens, heads, Size], "mixed", n => n.Set("equation", "bhij,bhjd->bihd"));
            return b.Reshape(o, 0, Tokens, heads * Size);
        }
        if (form == "sdpa") q = ShapeScaled(b, q);
        var scores = b.MatMul(q, b.Transpose(k, 0, 1, 3, 2));
        if (form != "sdpa") scores = b.Binary("Div", scores, b.Floats("scale", [], 2f));
        if (form == "bias") scores = b.Add(scores, b.Weight("relative", [1, heads, Tokens, Tokens]));
        scores = b.Add(scores, b.Weight("mask", [1, 1, Tokens, Tokens]));
        var context = b.MatMul(b.Softmax(scores, 3), v);
        return b.Reshape(b.Transpose(context, 0, 2, 1, 3), 0, -1, heads * Size);
    }

    static (string, string, string) Parts(GraphBuilder b, string x, string form, int heads, int kvHeads)
    {
        if (!form.StartsWith("fused", StringComparison.Ordinal))
            return (Apart(b, b.MatMul(x, heads * Size, "q"), heads), Apart(b, b.MatMul(x, kvHeads * Size, "k"), kvHeads), Apart(b, b.MatMul(x, kvHeads * Size, "v"), kvHeads));
        var packed = b.Add(b.MatMul(x, 3 * heads * Size, "qkv"), b.Weight("qkv.bias", [3 * heads * Size]));
        if (form == "fused-split")
        {
            var parts = b.Split(packed, 2, 3);
            return (Apart(b, parts[0], heads), Apart(b, parts[1], heads), Apart(b, parts[2], heads));
        }
        if (form == "fused-gather")
        {
            var five = b.Transpose(b.Reshape(packed, 0, Tokens, 3, heads, Size), 2, 0, 3, 1, 4);
            string Pick(int i) => b.Squeeze(b.Gather(five, 0, i), 0);
            return (Pick(0), Pick(1), Pick(2));
        }
        // Every head has its own query, key and value side by side.
        var perHead = b.Transpose(b.Reshape(packed, 0, Tokens, heads, 3, Size), 0, 2, 1, 3, 4);
        string Part(int i) => b.Squeeze(b.Slice(perHead, 3, i, i + 1), 3);
        return (Part(0), Part(1), Part(2));
    }

    static string Apart(GraphBuilder b, string x, int heads) => b.Transpose(b.Reshape(x, 0, -1, heads, Size), 0, 2, 1, 3);

    static string Repeat(GraphBuilder b, string x, int times)
    {
        var s = b.Shape(x);
        var wide = b.Op("Expand", [b.Reshape(x, 0, s[1], 1, s[2], s[3]), b.Integers($"{x}.times", 1, s[1], times, s[2], s[3])], [s[0], s[1], times, s[2], s[3]]);
        return b.Reshape(wide, 0, s[1] * times, s[2], s[3]);
    }

    static string Rotate(GraphBuilder b, string x, string name)
    {
        var turned = b.Concat(3, b.Unary("Neg", b.Slice(x, 3, Size / 2, Size)), b.Slice(x, 3, 0, Size / 2));
        return b.Add(b.Mul(x, b.Weight($"{name}.cos", [1, 1, Tokens, Size])), b.Mul(turned, b.Weight($"{name}.sin", [1, 1, Tokens, Size])));
    }

    // 1 / sqrt(D) computed from the shape of the queries, as exporters of scaled_dot_product_attention write it.
    static string ShapeScaled(GraphBuilder b, string q)
    {
        var size = b.Op("Cast", [b.Gather(b.Op("Shape", [q], [4], "q.shape"), 0, 3)], [1], "q.size", n => n.Set("to", (long)TensorProto.Types.DataType.Float));
        return b.Binary("Div", q, b.Op("Sqrt", [size], [1], "q.root"));
    }

    static IEnumerable<AttributeProto> HeadCounts(int heads, int kvHeads)
    {
        var node = new NodeProto();
        node.Set("q_num_heads", (long)heads);
        node.Set("kv_num_heads", (long)kvHeads);
        return node.Attribute;
    }

    static ModelProto WithPresent(ModelProto model)
    {
        var node = model.Graph.Node.Single(n => n.OpType == "Attention");
        node.Output.AddRange(["present_key", "present_value"]);
        return model;
    }
}
