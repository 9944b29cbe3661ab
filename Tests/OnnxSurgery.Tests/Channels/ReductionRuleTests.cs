using OnnxEdit.Surgery.Model;
using Xunit;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>Reductions over the channel axis, alone and together with others.</summary>
public class ReductionRuleTests
{
    static readonly string[] _operators = ["ReduceSum", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSum", "ReduceMean", "ReduceMax", "ReduceMin"];

    public static TheoryData<string, int, int, string> Forms => new MatrixTheoryData<string, int, int, string>(_operators, [13, 18], [0, 1], ["1", "-2", "1,2", "-1,1", "2,-2"]);

    [Theory]
    [MemberData(nameof(Forms))]
    public void Channels_that_are_reduced_over_can_go(string op, int opset, int keep, string axes)
    {
        var b = new GraphBuilder(3, opset);
        var c = Signed(b, op, b.Conv(b.Input("x", 3, 6), 7, kernel: 1, name: "c1"));
        var y = Reduce(b, op, c, keep, [.. axes.Split(',').Select(long.Parse)]);
        new Specimen(b.Build(y)).Remove("c1", 0, 3, 4);
    }

    [Fact]
    public void Reductions_at_the_width_of_a_flattened_map_can_lose_channels()
    {
        foreach (var op in _operators)
        {
            var b = new GraphBuilder(3);
            var c = b.Flatten(Signed(b, op, b.Conv(b.Input("x", 3, 5), 5, kernel: 1, name: "c1")));
            new Specimen(b.Build(Reduce(b, op, c, 1, -1))).Remove("c1", 1, 4);
        }
    }

    [Theory]
    [InlineData(DataType.Float16)]
    [InlineData(DataType.Double)]
    public void Constants_behind_a_reduction_have_its_element_type(DataType type)
    {
        foreach (var op in (string[])["ReduceMean", "ReduceMax"])
        {
            var b = new GraphBuilder(3, 18) { ElementType = type };
            var m = b.MatMul(b.Input("x", 4, 3), 6, "m1");
            new Specimen(b.Build(Reduce(b, op, m, 0, -1))).Remove("m1", 1, 4);
        }
    }

    [Fact]
    public void A_mean_over_channels_of_a_second_cut_counts_both()
    {
        var b = new GraphBuilder(3);
        var first = new Specimen(b.Build(b.ReduceMean(b.MatMul(b.Input("x", 4, 3), 6, "m1"), [-1], name: "mean"))).Remove("m1", 1);
        var second = new Specimen(first).Remove("m1", 0, 2);
        Assert.Equal([3, 3], Specimen.Dims(second, "m1.weight"));
        Assert.Equal(0.5, second.Graph.Node.Where(n => n.OpType == "Mul").Select(n => TensorData.Floats(second.Graph.Initializer.Single(t => t.Name == n.Input[1]))[0]).Aggregate(1.0, (a, v) => a * v), 6);
    }

    [Theory]
    [InlineData("ReduceMax", "Sigmoid", true)]
    [InlineData("ReduceMax", "Tanh", false)]
    [InlineData("ReduceMin", "Sigmoid", false)]
    public void A_zero_behind_an_extreme_is_left_out_where_the_sign_is_known(string op, string activation, bool isKnown)
    {
        var b = new GraphBuilder(3);
        var c = b.MaxPool(b.Unary(activation, b.Conv(b.Input("x", 3, 6, 6), 7, kernel: 1, name: "c1")));
        var slim = new Specimen(b.Build(b.MatMul(Reduce(b, op, b.Add(c, c), 0, 1), 2))).Remove("c1", 0, 1, 2, 4, 5);
        Assert.Equal(isKnown ? 0 : 1, slim.Graph.Node.Count(n => n.OpType is "Max" or "Min"));
    }

    [Fact]
    public void A_smallest_of_negative_channels_needs_no_zero()
    {
        var b = new GraphBuilder(3);
        var c = b.Unary("Neg", b.Unary("Softplus", b.Conv(b.Input("x", 3, 6, 6), 7, kernel: 1, name: "c1")));
        var slim = new Specimen(b.Build(Reduce(b, "ReduceMin", c, 0, 1))).Remove("c1", 0, 3, 5);
        Assert.DoesNotContain(slim.Graph.Node, n => n.OpType == "Min");
    }

    [Fact]
    public void No_axes_are_all_axes_unless_said_otherwise()
    {
        var b = new GraphBuilder(3);
        var m = b.MatMul(b.Input("x", 3), 6, "m1");
        Assert.Equal("ReduceSum 'all': reduces over the batch and the channel axis at once", new Specimen(b.Build(b.Op("ReduceSum", [m], [1, 1], "all"))).Lock("m1"));

        b = new GraphBuilder(3) { Batch = 3 };
        m = b.MatMul(b.Input("x", 3), 6, "m1");
        new Specimen(b.Build(b.Op("ReduceSum", [m], [1, 1], "all"))).Remove("m1", 1, 4);

        b = new GraphBuilder(3);
        m = b.MatMul(b.Input("x", 3), 6, "m1");
        var same = b.Op("ReduceSum", [m], b.Shape(m), "same", n => n.Set("noop_with_empty_axes", 1));
        new Specimen(b.Build(b.MatMul(same, 2))).Remove("m1", 1, 4);
    }

    [Theory]
    [InlineData("ReduceLogSumExp", "reduces over the channel axis, and a channel of zeros adds to its sum")]
    [InlineData("ReduceProd", "reduces over the channel axis, and a channel of zeros makes its product zero")]
    public void Reductions_in_which_a_zero_counts_lock(string op, string reason)
    {
        var b = new GraphBuilder(3);
        var s = new Specimen(b.Build(b.Op(op, [b.MatMul(b.Input("x", 4, 3), 6, "m1")], [1, 4, 1], "r", n => n.Set("axes", [-1L]))));
        Assert.Equal($"{op} 'r': {reason}", s.Lock("m1"));
    }

    [Theory]
    [InlineData("ReduceMax", "0,2")]
    [InlineData("ReduceMean", "0,-1")]
    [InlineData("ReduceSum", "2,0")]
    public void A_reduction_over_batch_and_channels_locks(string op, string axes)
    {
        var b = new GraphBuilder(3);
        var m = b.MatMul(b.Input("x", 4, 3), 6, "m1");
        var r = Reduce(b, op, m, 0, [.. axes.Split(',').Select(long.Parse)]);
        Assert.Contains("reduces over the batch and the channel axis at once", new Specimen(b.Build(r)).Lock("m1"), StringComparison.Ordinal);
    }

    [Fact]
    public void Axes_that_the_graph_computes_lock()
    {
        var b = new GraphBuilder(3);
        var x = b.Input("x", 4, 3);
        var axes = b.Op("Gather", [b.Op("Shape", [x], [3]), b.Integers("at", 2)], [1]);
        var r = b.Op("ReduceSum", [b.MatMul(x, 6, "m1"), b.Op("Sub", [b.Op("Div", [axes, axes], [1]), b.Op("Mod", [b.Op("Cast", [b.ReduceMean(x, [0, 1, 2], false)], [1], null, n => n.Set("to", 7)), b.Integers("one", 1)], [1])], [1])], [1, 1, 6], "r");
        Assert.Equal("ReduceSum 'r': its axes are computed in the graph", new Specimen(b.Build(r)).Lock("m1"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_norm_along_the_channels_leaves_them_free(int p)
    {
        foreach (var axis in (int[])[1, -2])
        {
            var b = new GraphBuilder(3);
            var c = b.Relu(b.Conv(b.Input("x", 3, 6), 7, kernel: 1, name: "c1"));
            var n = b.Op("LpNormalization", [c], b.Shape(c), "n", a => { a.Set("axis", axis); a.Set("p", p); });
            new Specimen(b.Build(b.Conv(n, 3, kernel: 1))).Remove("c1", 0, 4);
        }
    }

    [Fact]
    public void Embeddings_of_two_towers_and_of_a_cosine_lose_channels()
    {
        var b = new GraphBuilder(3);
        var (user, item) = (b.Gemm(b.Input("user", 5), 7, name: "f1"), b.Gemm(b.Input("item", 6), 7, name: "f2"));
        new Specimen(b.Build(b.Unary("Sigmoid", Reduce(b, "ReduceSum", b.Mul(user, item), 0, -1)))).Remove("f1", 0, 5);

        b = new GraphBuilder(3);
        (user, item) = (b.Gemm(b.Input("user", 5), 7, name: "f1"), b.Gemm(b.Input("item", 6), 7, name: "f2"));
        string Unit(string t) => b.Binary("Div", t, Reduce(b, "ReduceL2", t, 1, [1], null));
        new Specimen(b.Build(b.MatMul(Unit(user), b.Transpose(Unit(item), 1, 0)))).Remove("f1", 0, 5);
    }

    // Logarithms need positive sums.
    static string Signed(GraphBuilder b, string op, string x) => op == "ReduceLogSum" ? b.Unary("Exp", x) : x;

    static string Reduce(GraphBuilder b, string op, string x, int keep, params long[] axes) => Reduce(b, op, x, keep, axes, "r");

    static string Reduce(GraphBuilder b, string op, string x, int keep, long[] axes, string? name)
    {
        var shape = b.Shape(x);
        var reduced = axes.Select(a => a < 0 ? a + shape.Length : a).ToHashSet();
        long[] left = [.. shape.Select((d, i) => reduced.Contains(i) ? (keep != 0 ? 1 : 0) : d).Where(d => d > 0)];
        var asInput = op == "ReduceSum" || b.Opset >= 18;
        return b.Op(op, asInput ? [x, b.Integers("axes", axes)] : [x], left, name, n =>
        {
            n.Set("keepdims", keep);
            if (!asInput) n.Set("axes", axes);
        });
    }
}
