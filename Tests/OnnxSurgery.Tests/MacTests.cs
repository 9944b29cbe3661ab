using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>Multiply-accumulates of one example, each worked out by hand.</summary>
public class MacTests
{
    const int Tokens = 5, Width = 12, Heads = 3, Size = 4;

    [Fact]
    public void Fused_convolutions_and_products_count_as_those_they_are_made_of()
    {
        Assert.Equal(6 * 6 * 7 * (3 * 9), Macs([3, 8, 8], (b, x) => b.Microsoft("FusedConv", [x, b.Weight("w", [7, 3, 3, 3])], [1, 7, 6, 6], configure: n => n.Set("activation", "Relu"))));
        Assert.Equal(8 * 5, Macs([8], (b, x) => b.Microsoft("FusedGemm", [x, b.Weight("w", [5, 8]), b.Weight("c", [5])], [1, 5], configure: n =>
        {
            n.Set("transB", 1L);
            n.Set("activation", "Relu");
        })));
        Assert.Equal(Tokens * 8 * Tokens, Macs([Tokens, 8], (b, x) => b.Microsoft("FusedMatMul", [x, x], [1, Tokens, Tokens], configure: n => n.Set("transB", 1L))));
        Assert.Equal(8 * Tokens * 8, Macs([Tokens, 8], (b, x) => b.Microsoft("FusedMatMul", [x, x], [1, 8, 8], configure: n => n.Set("transA", 1L))));
        Assert.Equal(8 * Tokens * 6, Macs([Tokens, 8], (b, x) => b.Op("MatMul", [b.Weight("w", [6, Tokens]), x], [1, 6, 8])));
    }

    [Fact]
    public void A_deformable_convolution_counts_its_weights_at_every_place() => Assert.Equal(4 * 4 * 6 * (3 * 9), Of(b =>
    {
        var x = b.Input("x", 3, 6, 6);
        return b.Op("DeformConv", [x, b.Weight("w", [6, 3, 3, 3]), b.Conv(x, 18, name: "places")], [1, 6, 4, 4], "y");
    }, opset: 19, node: "y"));

    [Fact]
    public void Quantised_products_count_as_plain_ones()
    {
        Assert.Equal(Tokens * 8 * 6, Macs([Tokens, 8], (b, x) => b.Microsoft("DynamicQuantizeMatMul", [x, b.Bytes("w", [8, 6], signed: true), b.Floats("s", [1], 0.1f)], [1, Tokens, 6])));
        Assert.Equal(Tokens * 8 * 6, Macs([Tokens, 8], (b, x) =>
        {
            var (values, scale, zero) = b.DynamicQuantize(x);
            return b.Microsoft("MatMulIntegerToFloat", [values, b.Bytes("w", [8, 6], signed: true), scale, b.Floats("s", [1], 0.1f), zero], [1, Tokens, 6]);
        }));
        // Four bits: two values a byte, 6 columns of 32 in one block each.
        Assert.Equal(Tokens * 32 * 6, Macs([Tokens, 32], (b, x) => b.Microsoft("MatMulNBits", [x, b.Bytes("w", [6, 1, 16], signed: false), b.Floats("s", [6], 1, 1, 1, 1, 1, 1)], [1, Tokens, 6], configure: n =>
        {
            n.Set("K", 32L);
            n.Set("N", 6L);
            n.Set("bits", 4L);
            n.Set("block_size", 32L);
        })));
    }

    // Queries by keys and the result by values, all heads together: S x L x (H x D) twice.
    [Fact]
    public void The_attention_operator_counts_scores_and_sums()
    {
        void Counts(NodeProto n, long q, long kv)
        {
            n.Set("q_num_heads", q);
            n.Set("kv_num_heads", kv);
        }
        Assert.Equal(2 * Tokens * Tokens * Width, Of(b => Self(b, "Attention", "", n => Counts(n, Heads, Heads)), opset: 23));
        // Two groups of queries share keys and values of half the width.
        Assert.Equal(2 * Tokens * Tokens * 16, Of(b =>
        {
            var (q, kv) = (b.Input("q", Tokens, 16), b.Input("kv", Tokens, 8));
            return b.Op("Attention", [q, kv, kv], [1, Tokens, 16], "a", n => Counts(n, 4, 2));
        }, opset: 23));
        // [B, H, S, D], three keys of before in front of the five.
        Assert.Equal(2 * Tokens * (Tokens + 3) * Width, Of(b =>
        {
            var (x, past) = (b.Input("x", Heads, Tokens, Size), b.Input("past", Heads, 3, Size));
            b.Several("Attention", [x, x, x, "", past, past], ["a", "keys", "values"], [[1, Heads, Tokens, Size], [1, Heads, Tokens + 3, Size], [1, Heads, Tokens + 3, Size]]);
            return "a";
        }, opset: 23));
    }

    [Fact]
    public void Fused_attention_counts_projections_scores_and_sums()
    {
        Assert.Equal((Tokens * Width * 3 * Width) + (2 * Tokens * Tokens * Width), Macs([Tokens, Width], (b, x) =>
            b.Microsoft("Attention", [x, b.Weight("w", [Width, 3 * Width]), b.Weight("b", [3 * Width])], [1, Tokens, Width], configure: n => n.Set("num_heads", Heads))));
        // Queries and keys of 6, values of 9.
        Assert.Equal((Tokens * Width * 21) + (Tokens * Tokens * 6) + (Tokens * Tokens * 9), Macs([Tokens, Width], (b, x) =>
            b.Microsoft("Attention", [x, b.Weight("w", [Width, 21]), b.Weight("b", [21])], [1, Tokens, 9], configure: n =>
            {
                n.Set("num_heads", Heads);
                n.Set("qkv_hidden_sizes", 6L, 6L, 9L);
            })));
        Assert.Equal(2 * Tokens * Tokens * Width, Of(b => Self(b, "MultiHeadAttention", "com.microsoft", n => n.Set("num_heads", Heads))));
        // Crossed with 7 tokens of another sequence.
        Assert.Equal(2 * Tokens * 7 * Width, Of(b =>
        {
            var (x, y) = (b.Input("x", Tokens, Width), b.Input("other", 7, Width));
            return b.Microsoft("MultiHeadAttention", [x, y, y], [1, Tokens, Width], configure: n => n.Set("num_heads", Heads));
        }));
    }

    [Fact]
    public void Grouped_queries_count_over_past_and_present_keys()
    {
        var b = new GraphBuilder(1) { Batch = 1 };
        var (q, kv, past) = (b.Input("q", 2, 4 * 8), b.Input("kv", 2, 2 * 8), b.Input("past", 2, 3, 8));
        b.Several("GroupQueryAttention", [q, kv, kv, past, past, "lengths", "total"], ["a", "keys", "values"], [[1, 2, 32], [1, 2, 5, 8], [1, 2, 5, 8]], n =>
        {
            n.Domain = "com.microsoft";
            n.Set("num_heads", 4L);
            n.Set("kv_num_heads", 2L);
        });
        var model = b.Build("a");
        foreach (var (name, value, dims) in ((string, int, long[])[])[("lengths", 4, [1]), ("total", 5, [])])
        {
            var tensor = new TensorProto { Name = name, DataType = (int)TensorProto.Types.DataType.Int32, Int32Data = { value } };
            tensor.Dims.AddRange(dims);
            model.Graph.Initializer.Add(tensor);
        }
        Assert.Equal(2 * 2 * 5 * 32, ModelCounts.Of(model, ShapeTrace.Run(model).Sizes).Macs);
    }

    [Fact]
    public void Recurrent_layers_count_both_weights_in_every_step()
    {
        foreach (var (op, gates) in ((string, int)[])[("LSTM", 4), ("GRU", 3), ("RNN", 1)])
            foreach (var directions in (int[])[1, 2])
                Assert.Equal(7 * directions * gates * 8 * (6 + 8), Of(b => Recurrent(b, op, gates, directions, b.Transpose(b.Input("x", 7, 6), 1, 0, 2))));
    }

    [Fact]
    public void Einsum_counts_the_letters_of_each_product()
    {
        Assert.Equal(Tokens * 8 * 6, Einsum("bti,io->bto", [8, 6]));
        Assert.Equal(Tokens * 8 * 6, Einsum("...i,io->...o", [8, 6]));
        Assert.Equal(Tokens * 8 * 6, Einsum("...i,io", [8, 6]));
        Assert.Equal(Tokens * 8, Einsum("bti,i->bti", [8]));
        // Summed over i first: nothing but t and o is multiplied.
        Assert.Equal(Tokens * 6, Einsum("bti,to->bo", [Tokens, 6]));
        // From left to right: [t, i] by [i, r], then [t, r] by [r, o].
        Assert.Equal((Tokens * 8 * 2) + (Tokens * 2 * 6), Einsum("bti,ir,ro->bto", [8, 2], [2, 6]));
        Assert.Equal(0, Einsum("bti->bit"));
    }

    [Fact]
    public void The_batch_is_where_tracing_finds_it_and_not_what_divides()
    {
        // [steps, N, width]: the batch is no first axis of an input, and 20 steps divide much.
        var b = new GraphBuilder(1) { Batch = 20 };
        var last = b.Gemm(b.Squeeze(Recurrent(b, "LSTM", 4, 1, b.Input("x", 64, 16), units: 32, state: true), 0), 4, name: "last");
        var model = b.Build(last);
        model.Graph.Input[0].Type.TensorType.Shape.Dim[1] = new() { DimParam = "N" };
        model.Graph.Output[0].Type.TensorType.Shape.Dim[0] = new() { DimParam = "N" };
        const long expected = (20 * 4 * 32 * (16 + 32)) + (32 * 4);
        foreach (var n in (long[])[64, 20, 7, 1])
            Assert.Equal(expected, ModelCounts.Of(model, ShapeTrace.Run(model, new Dictionary<string, long[]> { ["x"] = [20, n, 16] }).Sizes).Macs);
        // The same with sizes that are all fixed.
        model.Graph.Input[0].Type.TensorType.Shape.Dim[1] = new() { DimValue = 8 };
        model.Graph.Output[0].Type.TensorType.Shape.Dim[0] = new() { DimValue = 8 };
        Assert.Equal(expected, ModelCounts.Of(model, ShapeTrace.Run(model).Sizes).Macs);
    }

    [Fact]
    public void Work_on_weights_alone_is_done_once_whatever_it_divides_by()
    {
        var b = new GraphBuilder(1);
        var weight = b.MatMul(b.Weight("u", [4, 2]), b.Weight("v", [2, 4]));
        var model = b.Build(b.MatMul(b.Input("x", 4), weight));
        Assert.Equal((4 * 2 * 4) + (4 * 4), ModelCounts.Of(model, ShapeTrace.Run(model).Sizes).Macs);
    }

    static string Self(GraphBuilder b, string op, string domain, Action<NodeProto> configure)
    {
        var x = b.Input("x", Tokens, Width);
        return b.Op(op, [x, x, x], [1, Tokens, Width], "a", n =>
        {
            n.Domain = domain;
            configure(n);
        });
    }

    // The states of all steps [T, D, N, H], or the last one [D, N, H].
    static string Recurrent(GraphBuilder b, string op, int gates, int directions, string x, int units = 8, bool state = false)
    {
        var dims = b.Shape(x);
        string[] inputs = [x, b.Weight("w", [directions, gates * units, dims[2]], dims[2]), b.Weight("r", [directions, gates * units, units], units)];
        return b.Op(op, inputs, state ? [directions, dims[1], units] : [dims[0], directions, dims[1], units], "l", n =>
        {
            n.Set("hidden_size", units);
            if (directions == 2) n.Set("direction", "bidirectional");
            if (!state) return;
            n.Output.Clear();
            n.Output.AddRange(["", "l"]);
        });
    }

    static long Einsum(string equation, params long[][] weights) => Of(b =>
    {
        var x = b.Input("x", Tokens, 8);
        return b.Op("Einsum", [x, .. weights.Select((dims, i) => b.Weight($"w{i}", dims))], [1, 1, 1], "e", n => n.Set("equation", equation));
    });

    static long Macs(long[] dims, Func<GraphBuilder, string, string> layer) => Of(b => layer(b, b.Input("x", dims)));

    // Traced at two batch sizes; of one node alone where it has a name.
    static long Of(Func<GraphBuilder, string> build, int opset = 17, string? node = null)
    {
        var b = new GraphBuilder(1, opset);
        var model = b.Build(build(b));
        var counts = ModelCounts.Of(model, ShapeTrace.Run(model).Sizes);
        Assert.True(counts.MacsComplete);
        return node is null ? counts.Macs : counts.Nodes.Single(n => n.Name == node).Macs!.Value;
    }
}
