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
        var (left, groups) = returnsKeys ? (Heads - Groups, Groups) : (Heads / Groups, 1);
        RemoveEach(Build(form, returnsKeys), returnsKeys, (_, slim) =>
        {
            if (form == "standard heads") return;
            var node = slim.Graph.Node.Single(n => n.OpType is "Attention" or "GroupQueryAttention");
            Assert.Equal((left, groups), ((int)node.Int(form == "standard" ? "q_num_heads" : "num_heads", 0), (int)node.Int("kv_num_heads", 0)));
        });
    }

    [Fact]
    public void Dimensions_of_grouped_heads_stay()
    {
        var analysis = ChannelAnalysis.Of(NormalisedModel.Create(Build("grouped", false)));
        Assert.EndsWith("only whole heads of grouped queries can go (HeadCut.Heads)",
            analysis.LockOf(analysis.Groups.Single(g => g.Name == "q").Cells[0])!.ToString(), StringComparison.Ordinal);
    }

    public static TheoryData<string, bool, string> Nodes => new MatrixTheoryData<string, bool, string>(
        ["plain", "rotary", "window", "sink", "bias", "shared bias", "computed shared bias"], [false, true], ["no past", "past, several tokens", "past, one token"]);

    /// <summary>Past keys and values are fed and the longer ones returned; the items are then one with several tokens, or several with one.</summary>
    [Theory]
    [MemberData(nameof(Nodes))]
    public void Removing_any_heads_of_a_node_with_all_its_inputs_equals_masking_them(string extra, bool isPacked, string past)
    {
        var keeps = past != "no past";
        var (left, groups) = keeps ? (Heads - Groups, Groups) : (Heads / Groups, 1);
        RemoveEach(Node(extra, isPacked, past), keeps, (original, slim) =>
        {
            var node = slim.Graph.Node.Single(n => n.OpType == "GroupQueryAttention");
            Assert.Equal((left, groups), ((int)node.Int("num_heads", 0), (int)node.Int("kv_num_heads", 0)));
            if (extra == "sink") Assert.Equal([left], Specimen.Dims(slim, "sink"));
            if (extra == "bias") Assert.Equal(left, Specimen.Dims(slim, "bias")[1]);
            if (keeps) ModelRunner.AssertSame([.. original.Skip(1)], [.. ModelRunner.Run(slim).Skip(1)], "returned keys and values");
        });
    }

    // Removes every head that may go, or one of each group, by itself.
    static void RemoveEach(ModelProto model, bool returnsKeys, Action<IReadOnlyList<ModelRunner.Output>, ModelProto> then)
    {
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
            ModelRunner.AssertSame(masked, ModelRunner.Run(slim), $"head {gone}");
            CostCheck.AssertSame(analysis, removed, slim, $"head {gone}");
            Assert.True(ModelRunner.Difference(original[0], masked[0]) > 1e-4, "the masks changed nothing");
            Assert.Equal(original.Select(o => o.Shape), masked.Select(o => o.Shape));
            then(original, slim);
        }
    }

    [Theory]
    [InlineData("computed bias", "no past", "its mask differs between heads and is computed in the graph")]
    [InlineData("input bias", "no past", "its mask differs between heads and is an input of the model")]
    [InlineData("input bias", "past, one token", "its mask differs between heads and is an input of the model")]
    [InlineData("computed sink", "no past", "one of its vectors along the channels is computed in the graph")]
    [InlineData("scores", "no past", "returns the scores of every head")]
    [InlineData("rounded past", "past, one token", "quantises past keys and values")]
    [InlineData("past of the input", "past, one token", "channels arrive at an input that is no query, key or value")]
    public void What_a_node_cannot_lose_is_locked_and_says_why(string extra, string past, string because)
    {
        foreach (var isPacked in (bool[])[false, true])
        {
            var analysis = ChannelAnalysis.Of(NormalisedModel.Create(Node(extra, isPacked, past)), HeadCut.Heads);
            var queries = analysis.Tensors[isPacked ? "qkv" : "q"].Ids.Take(Heads * Size).Distinct();
            Assert.All(queries, c => Assert.Equal($"GroupQueryAttention 'a': {because}", analysis.LockOf(c)?.ToString()));
        }
    }

    static ModelProto Node(string extra, bool isPacked, string past)
    {
        var (batch, tokens, before) = past switch { "no past" => (Batch, Tokens, 0), "past, one token" => (Batch, 1, 5), _ => (1, Tokens, 5) };
        var all = before + tokens;
        var b = new GraphBuilder(9) { Batch = batch };
        var x = b.Input("x", tokens, Width);
        string[] inputs = [.. Enumerable.Repeat("", 12)];
        if (isPacked) inputs[0] = b.MatMul(x, (Heads + (2 * Groups)) * Size, "qkv");
        else (inputs[0], inputs[1], inputs[2]) = (b.MatMul(x, Heads * Size, "q"), b.MatMul(x, Groups * Size, "k"), b.MatMul(x, Groups * Size, "v"));
        if (before > 0) (inputs[3], inputs[4]) = (b.Input("past.key", Groups, before, Size), b.Input("past.value", Groups, before, Size));
        (inputs[5], inputs[6]) = (Ints(b, "lengths", [batch], [.. Enumerable.Repeat(all - 1L, batch)]), Ints(b, "total", [], all));
        if (extra == "rotary") (inputs[7], inputs[8]) = (b.Weight("cos", [all, Size / 2]), b.Weight("sin", [all, Size / 2]));
        if (extra == "bias") inputs[10] = b.Weight("bias", [1, Heads, tokens, all]);
        if (extra == "shared bias") inputs[10] = b.Weight("bias", [1, 1, tokens, all]);
        if (extra == "computed bias") inputs[10] = b.Unary("Tanh", b.Reshape(b.ReduceMean(b.MatMul(x, Heads * tokens * all, "made"), [1]), batch, Heads, tokens, all));
        if (extra == "input bias") inputs[10] = b.Input("bias", Heads, tokens, all);
        if (extra == "computed shared bias") inputs[10] = b.Unary("Tanh", b.Reshape(b.MatMul(x, all, "made"), batch, 1, tokens, all));
        if (extra == "sink") inputs[11] = b.Weight("sink", [Heads]);
        if (extra == "computed sink") inputs[11] = b.Reshape(b.ReduceMean(b.Op("Slice", [x, b.Integers("s", 0), b.Integers("e", Heads), b.Integers("i", 2)], [batch, tokens, Heads]), [0, 1]), Heads);
        if (extra == "past of the input") inputs[3] = b.Reshape(b.MatMul(x, Groups * before * Size, "cached"), batch, Groups, before, Size);
        if (extra == "rounded past")
        {
            (inputs[3], inputs[4]) = (b.Bytes("past.bytes", [batch, Groups, before, Size], signed: true), "past.bytes");
            inputs = [.. inputs, b.Floats("step", [1], 0.02f), "step"];
        }
        long[] kept = [batch, Groups, all, Size], scores = [batch, Heads, tokens, all];
        string[] outputs = ["a", "present.key", "present.value", .. extra == "scores" ? ["scores"] : Array.Empty<string>()];
        b.Several("GroupQueryAttention", inputs, outputs, [[batch, tokens, Heads * Size], kept, kept, scores], n =>
        {
            if (extra == "scores") n.Set("qk_output", 1);
            if (extra == "rounded past")
            {
                n.Set("k_quant_type", "PER_TENSOR");
                n.Set("v_quant_type", "PER_TENSOR");
                n.Set("kv_cache_bit_width", 8);
            }
            n.Domain = "com.microsoft";
            n.Set("num_heads", Heads);
            n.Set("kv_num_heads", Groups);
            if (extra == "rotary") n.Set("do_rotary", 1);
            if (extra == "window") n.Set("local_window_size", 2);
        });
        var y = b.MatMul(b.MatMul("a", Width, "out"), 2, "y");
        return before > 0 ? b.Build([y, .. outputs[1..]]) : b.Build([y, .. outputs[3..]]);
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
