using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public class RecurrentRuleTests
{
    const int Steps = 5, Width = 6, Units = 8;

    public static TheoryData<string, int> Layers => new()
    {
        { "LSTM", 1 }, { "LSTM", 2 }, { "GRU", 1 }, { "GRU", 2 }, { "RNN", 1 }, { "RNN", 2 },
    };

    [Theory]
    [MemberData(nameof(Layers))]
    public void Removing_any_inputs_and_units_equals_masking_them(string op, int directions)
    {
        var model = Build(op, directions);
        var analysis = ChannelAnalysis.Of(NormalisedModel.Create(model));
        var original = ModelRunner.Run(model);
        for (var seed = 0; seed < 4; seed++)
        {
            var removed = RandomRemoval.Draw(analysis, seed, 0.4);
            var masked = ModelRunner.Run(MaskInsertion.Apply(analysis, removed));
            var slim = ChannelRemoval.Apply(analysis, removed);
            ModelRunner.AssertSame(masked, ModelRunner.Run(slim), $"{op}, seed {seed}");
            CostCheck.AssertSame(analysis, removed, slim, $"{op}, seed {seed}");
            Assert.Contains(original.Zip(masked), p => ModelRunner.Difference(p.First, p.Second) > 1e-4);
        }
    }

    [Fact]
    public void A_unit_goes_with_its_rows_in_every_gate_its_column_and_its_states()
    {
        var slim = new Specimen(Build("LSTM", 2)).Remove("l", 1, 5);
        Assert.Equal([2, 4 * (Units - 2), Width], Specimen.Dims(slim, "l.w"));
        Assert.Equal([2, 4 * (Units - 2), Units - 2], Specimen.Dims(slim, "l.r"));
        Assert.Equal([2, 8 * (Units - 2)], Specimen.Dims(slim, "l.b"));
        Assert.Equal([2, 3 * (Units - 2)], Specimen.Dims(slim, "l.p"));
        Assert.Equal(Units - 2, Specimen.Node(slim, "l").Int("hidden_size", 0));
    }

    [Fact]
    public void An_initial_state_of_zeros_is_left_out_one_that_is_given_locks_the_units()
    {
        foreach (var given in (bool[])[false, true])
        {
            var b = new GraphBuilder(5);
            var x = Sequence(b);
            string h;
            if (given) h = b.Transpose(b.Input("h0", 1, Units), 1, 0, 2);
            else
            {
                var count = b.Gather(b.Op("Shape", [x], [3], "size"), 0, 1);
                var size = b.Op("Concat", [b.Integers("one", 1), count, b.Integers("units", Units)], [3], "h.size", n => n.Set("axis", 0L));
                h = b.Slice(b.Op("ConstantOfShape", [size], [1, 1, Units], "zeros"), 0, 0, 1);
            }
            var s = new Specimen(b.Build(b.MatMul(Layer(b, "GRU", x, 1, h), 3, "y")));
            if (given) Assert.Contains("starts from a state that the graph is given or computes", s.Lock("l"), StringComparison.Ordinal);
            else Assert.Equal("", Specimen.Node(s.Remove("l", 0, 3), "l").Input[5]);
            Assert.Equal(Width, s.Free("in"));
        }
    }

    static ModelProto Build(string op, int directions)
    {
        var b = new GraphBuilder(3);
        var x = Sequence(b);
        // The last states come out as well and are read on their own.
        var y = b.MatMul(Layer(b, op, x, directions, b.Weight("start", [directions, 1, Units])), 3, "y");
        var model = b.Build(y);
        var node = model.Graph.Node.Single(n => n.Name == "l");
        node.Output.Add("last");
        var w = TensorData.FromFloats("last.w", [Units, 2], [.. Enumerable.Range(0, 2 * Units).Select(i => (float)Math.Sin(i))]);
        model.Graph.Initializer.Add(w);
        model.Graph.Node.Add(NodeAttributes.Node("MatMul", ["last", "last.w"], ["z"], "z"));
        model.Graph.Output.Add(new ValueInfoProto { Name = "z", Type = new TypeProto { TensorType = new() { ElemType = 1 } } });
        // An initial state as a stored tensor fits one batch size only.
        Repeat(model, "start");
        return model;
    }

    static string Sequence(GraphBuilder b) => b.Transpose(b.Relu(b.MatMul(b.Input("x", Steps, 4), Width, "in")), 1, 0, 2);

    static string Layer(GraphBuilder b, string op, string x, int directions, string start)
    {
        var gates = op switch { "LSTM" => 4, "GRU" => 3, _ => 1 };
        string[] inputs =
        [
            x, b.Weight("l.w", [directions, gates * Units, Width]), b.Weight("l.r", [directions, gates * Units, Units]),
            b.Weight("l.b", [directions, 2 * gates * Units]), "", start, .. op == "LSTM" ? ["", b.Weight("l.p", [directions, 3 * Units])] : Array.Empty<string>(),
        ];
        return b.Op(op, inputs, [Steps, directions, 1, Units], "l", n =>
        {
            n.Set("hidden_size", Units);
            n.Set("direction", directions == 2 ? "bidirectional" : "reverse");
            if (op == "GRU") n.Set("linear_before_reset", directions - 1L);
        });
    }

    // [directions, 1, units] for every item of the batch.
    static void Repeat(ModelProto model, string state)
    {
        var size = model.Graph.Initializer.Single(t => t.Name == state).Dims;
        model.Graph.Initializer.Add(TensorData.FromIntegers("place", [1], [0]));
        model.Graph.Initializer.Add(TensorData.FromIntegers("before", [1], [1]));
        model.Graph.Initializer.Add(TensorData.FromIntegers("after", [1], [1]));
        var concat = NodeAttributes.Node("Concat", ["before", "items", "after"], ["start.size"]);
        concat.Set("axis", 0L);
        NodeProto[] nodes =
        [
            NodeAttributes.Node("Shape", ["x"], ["x.size"]), NodeAttributes.Node("Gather", ["x.size", "place"], ["items"]), concat,
            NodeAttributes.Node("Expand", [state, "start.size"], ["start.all"]),
        ];
        for (var i = 0; i < nodes.Length; i++) model.Graph.Node.Insert(i, nodes[i]);
        var layer = model.Graph.Node.Single(n => n.Name == "l");
        layer.Input[layer.Input.IndexOf(state)] = "start.all";
        Assert.Equal(Units, size[2]);
    }
}
