using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;
using Xunit;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>Normalisations by the root of a mean of squares, in one node and in single steps, across channels that go.</summary>
public class RootMeanSquareRuleTests
{
    [Theory]
    [InlineData("RMSNormalization", 23, -1, 7)]
    [InlineData("RMSNormalization", 23, 1, 4)]
    [InlineData("RMSNormalization", 23, -1, 1)]
    [InlineData("SimplifiedLayerNormalization", 17, -1, 7)]
    [InlineData("SimplifiedLayerNormalization", 17, 2, 7)]
    public void The_width_that_is_normalised_across_can_go(string op, int opset, int axis, int first)
    {
        var b = new GraphBuilder(3, opset);
        var m = b.MatMul(b.Input("x", 4, 3), 7, "m1");
        // A large epsilon, to tell that it is rewritten.
        var n = b.Op(op, [m, b.Weight("gamma", axis == 1 ? [first, 7] : [first])], b.Shape(m), "n", a => { a.Set("axis", axis); a.Set("epsilon", 0.2f); });
        var s = new Specimen(b.Build(b.MatMul(n, 3)));
        var slim = s.Remove("m1", 0, 3, 4);
        Assert.Equal(0.2f * 7 / 4, Specimen.Node(slim, "n").Float("epsilon", 0), 5);
        new Specimen(slim).Remove("m1", 1);
    }

    [Fact]
    public void A_gamma_that_several_read_is_cut_once_and_scaled_for_each()
    {
        var b = new GraphBuilder(3, 23);
        var m = b.MatMul(b.Input("x", 4, 3), 6, "m1");
        var gamma = b.Weight("gamma", [6]);
        string Norm(string x) => b.Op("RMSNormalization", [x, gamma], b.Shape(x));
        new Specimen(b.Build(b.MatMul(Norm(b.Add(Norm(m), m)), 3))).Remove("m1", 0, 3, 4);
    }

    [Fact]
    public void Half_precision_keeps_its_types()
    {
        var b = new GraphBuilder(3, 23) { ElementType = DataType.Float16 };
        var m = b.MatMul(b.Input("x", 4, 3), 6, "m1");
        new Specimen(b.Build(b.MatMul(b.Op("RMSNormalization", [m, b.Weight("gamma", [6])], b.Shape(m)), 3))).Remove("m1", 1, 4);
    }

    [Fact]
    public void A_norm_of_several_axes_divides_by_what_is_left_of_the_channels_alone()
    {
        var b = new GraphBuilder(3, 23);
        var c = b.Relu(b.Conv(b.Input("x", 3, 5, 4), 7, kernel: 1, name: "c1"));
        var n = b.Op("RMSNormalization", [c, b.Weight("gamma", [7, 1, 1])], b.Shape(c), "n", a => a.Set("axis", 1));
        new Specimen(b.Build(b.Conv(n, 3, kernel: 1))).Remove("c1", 0, 5);
    }

    [Fact]
    public void Channels_on_other_axes_pass_as_they_are()
    {
        var b = new GraphBuilder(3, 23);
        var c = b.Conv(b.Input("x", 3, 5, 4), 7, kernel: 1, name: "c1");
        var slim = new Specimen(b.Build(b.Conv(b.Op("RMSNormalization", [c, b.Weight("gamma", [4])], b.Shape(c), "n"), 3, kernel: 1))).Remove("c1", 0, 5);
        Assert.Null(Specimen.Node(slim, "n").Find("epsilon"));
    }

    [Fact]
    public void A_deviation_that_is_returned_and_a_scale_that_is_computed_lock()
    {
        var b = new GraphBuilder(3);
        var m = b.MatMul(b.Input("x", 4, 3), 6, "m1");
        b.Several("SimplifiedLayerNormalization", [m, b.Weight("gamma", [6])], ["n", "deviation"], [b.Shape(m), [1, 4, 1]]);
        Assert.Equal("SimplifiedLayerNormalization 'n': returns the deviation across the channel axis", new Specimen(b.Build(b.MatMul("n", 3), "deviation")).Lock("m1"));

        b = new GraphBuilder(3) { Batch = 1 };
        m = b.MatMul(b.Input("x", 4, 3), 6, "m1");
        b.Op("SimplifiedLayerNormalization", [m, b.Reshape(b.Input("scale", 6), 6)], b.Shape(m), "n");
        Assert.Equal("SimplifiedLayerNormalization 'n': its scale is computed in the graph", new Specimen(b.Build(b.MatMul("n", 3))).Lock("m1"));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Two_streams_that_are_added_and_normalised_lose_the_same_channels(bool hasBias, bool returnsSum)
    {
        var b = new GraphBuilder(3);
        var x = b.Input("x", 4, 3);
        var (first, second) = (b.MatMul(x, 7, "m1"), b.MatMul(x, 7, "m2"));
        string[] inputs = [first, second, b.Weight("gamma", [7]), .. hasBias ? [b.Weight("bias", [7])] : Array.Empty<string>()];
        b.Several("SkipSimplifiedLayerNormalization", inputs, returnsSum ? ["n", "", "", "sum"] : ["n"],
            returnsSum ? [b.Shape(first), [], [], b.Shape(first)] : [b.Shape(first)], n => { n.Domain = "com.microsoft"; n.Set("epsilon", 0.1f); });
        var slim = new Specimen(b.Build(b.MatMul(returnsSum ? b.Add("n", b.Relu("sum")) : "n", 3))).Remove("m1", 0, 5);
        Assert.Equal([5], Specimen.Dims(slim, "gamma"));
        Assert.Equal([3, 5], Specimen.Dims(slim, "m2.weight"));
    }

    [Theory]
    [InlineData(13, "Div")]
    [InlineData(18, "Div")]
    [InlineData(17, "Mul")]
    public void In_single_steps_the_mean_is_rewritten(int opset, string form)
    {
        var b = new GraphBuilder(3, opset);
        var x = b.MatMul(b.Input("x", 4, 3), 7, "m1");
        var square = form == "Div" ? b.Binary("Pow", x, b.Floats("two", [], 2)) : b.Mul(x, x);
        var mean = opset < 18 ? b.ReduceMean(square, [-1], name: "power") : b.Op("ReduceMean", [square, b.Integers("axes", -1)], [1, 4, 1], "power");
        var root = b.Unary("Sqrt", b.Add(mean, b.Floats("eps", [], 0.1f)));
        var y = form == "Div" ? b.Binary("Div", x, root) : b.Mul(x, b.Unary("Reciprocal", root));
        new Specimen(b.Build(b.MatMul(b.Mul(y, b.Weight("gamma", [7])), 3))).Remove("m1", 0, 3, 4);
    }

    [Theory]
    [InlineData("RMSNormalization")]
    [InlineData("SimplifiedLayerNormalization")]
    [InlineData("steps")]
    public void The_width_of_a_small_llama_can_go(string form)
    {
        var model = Decoder(form);
        var analysis = ChannelAnalysis.Of(NormalisedModel.Create(model));
        var stream = analysis.Groups.Single(g => g.Producers.Any(p => p.Output[0] == "tokens"));
        Assert.Equal(10, stream.Cells.Count(c => analysis.LockOf(c) is null));
        var original = ModelRunner.Run(model);
        for (var seed = 0; seed < 4; seed++)
        {
            var removed = RandomRemoval.Draw(analysis, seed, 0.4);
            removed[stream.Cells[seed]] = true;
            var masked = ModelRunner.Run(MaskInsertion.Apply(analysis, removed));
            var slim = ChannelRemoval.Apply(analysis, removed);
            ModelRunner.AssertSame(masked, ModelRunner.Run(slim), $"{form}, seed {seed}");
            CostCheck.AssertSame(analysis, removed, slim, $"{form}, seed {seed}");
            Assert.True(ModelRunner.Difference(original[0], masked[0]) > 1e-4, "the masks changed nothing");
        }
    }

    // Embedding, attention of two heads, a gated perceptron, both behind a norm; the head reads the embedding again.
    static ModelProto Decoder(string form)
    {
        const int width = 10, heads = 2, size = 4, tokens = 3;
        var b = new GraphBuilder(5, form == "RMSNormalization" ? 23 : 17);
        var ids = b.Op("Cast", [b.Unary("Abs", b.Op("Mul", [b.Input("ids", tokens), b.Floats("words", [], 8.9f)], [1, tokens]))], [1, tokens], null, n => n.Set("to", 7));
        var x = b.Op("Gather", [b.Weight("embedding", [9, width]), ids], [1, tokens, width], "tokens");
        var normal = Norm(x);
        string Heads(string name) => b.Transpose(b.Reshape(b.MatMul(normal, heads * size, name), 0, -1, heads, size), 0, 2, 1, 3);
        var (q, k, v) = (Heads("q"), Heads("k"), Heads("v"));
        var attended = b.MatMul(b.Softmax(b.MatMul(q, b.Transpose(k, 0, 1, 3, 2))), v);
        x = b.Add(x, b.MatMul(b.Reshape(b.Transpose(attended, 0, 2, 1, 3), 0, -1, heads * size), width, "o"));
        normal = Norm(x);
        var gate = b.MatMul(normal, 13, "gate");
        x = b.Add(x, b.MatMul(b.Mul(b.Mul(gate, b.Unary("Sigmoid", gate)), b.MatMul(normal, 13, "up")), width, "down"));
        return b.Build(b.MatMul(Norm(x), b.Transpose("embedding", 1, 0)));

        string Norm(string t)
        {
            var gamma = b.Weight($"{t}.gamma", [width]);
            if (form != "steps") return b.Op(form, [t, gamma], b.Shape(t), null, n => n.Set("epsilon", 1e-2f));
            var power = b.ReduceMean(b.Binary("Pow", t, b.Floats($"{t}.two", [], 2)), [-1]);
            return b.Mul(gamma, b.Binary("Div", t, b.Unary("Sqrt", b.Add(power, b.Floats($"{t}.eps", [], 1e-2f)))));
        }
    }
}
