using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>Shape and Size of tensors whose channels may go. The height is open but only 6 runs, so that shapes cannot be folded.</summary>
public class CountingTests
{
    [Fact]
    public void Sizes_put_together_of_a_counted_and_other_entries_follow_the_channels()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 5, pads: 1, name: "c1");
        var shape = b.Op("Shape", [c], [4], "shape");
        var front = b.Slice(shape, 0, 0, 2, name: "front");
        var sizes = b.Concat(0, front, b.Integers("hw", 12, 9));
        var r = b.Op("Resize", [c, "", "", sizes], [1, 5, 12, 9], "r");
        var s = Open(b.Build(b.Conv(r, 2)));
        Assert.Equal(5, Free(s, "c1"));
        Check(s, "c1", 1, 3);
    }

    [Fact]
    public void A_flattening_whose_batch_is_read_from_the_tensor_leaves_channels_free()
    {
        var b = new GraphBuilder(1);
        var c = b.GlobalAveragePool(b.Conv(b.Input("x", 3, 6, 6), 5, pads: 1, name: "c1"));
        var n = b.Gather(b.Op("Shape", [c], [4], "shape"), 0, 0);
        var flat = b.Op("Reshape", [c, b.Concat(0, n, b.Integers("rest", -1))], [1, 5], "flat");
        var s = Open(b.Build(b.Gemm(flat, 3, name: "fc")));
        Assert.Equal(5, Free(s, "c1"));
        Check(s, "c1", 0, 2);
    }

    [Fact]
    public void A_constant_channel_count_in_a_computed_shape_is_rewritten()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 6, pads: 1, name: "c1");
        var n = b.Gather(b.Op("Shape", [c], [4], "shape"), 0, 0);
        var folded = b.Op("Reshape", [c, b.Concat(0, n, b.Integers("channels", 6), b.Integers("rest", -1))], [1, 6, 36], "folded");
        var s = Open(b.Build(b.Conv(folded, 2, kernel: 1, name: "last")));
        Assert.Equal(6, Free(s, "c1"));
        Check(s, "c1", 0, 2);
    }

    [Theory]
    [InlineData("Shape")]
    [InlineData("Size")]
    public void A_number_of_channels_that_is_computed_with_locks_them(string op)
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 6, pads: 1, name: "c1");
        var count = b.Op("Cast", [b.Op(op, [c], op == "Size" ? [] : [4], "count")], op == "Size" ? [] : [4], null, n => n.Set("to", 1));
        var y = b.Mul(b.Conv(c, 2, name: "last"), op == "Size" ? count : b.Op("ReduceProd", [count], [], "product", n => n.Set("keepdims", 0)));
        var s = Open(b.Build(y));
        Assert.Contains("computes with the number of channels", s.LockOf(s.Tensors["c1"].Ids[0])!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_number_of_channels_that_is_returned_locks_them()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Input("x", 3, 6, 6), 6, pads: 1, name: "c1");
        var model = b.Build(b.Conv(c, 2));
        model.Graph.Node.Add(NodeAttributes.Node("Shape", ["c1"], ["shape"], "shape"));
        model.Graph.Output.Add(new ValueInfoProto { Name = "shape", Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 7 } } });
        var s = Open(model);
        Assert.Equal("output 'shape': the model returns how many channels these are", s.LockOf(s.Tensors["c1"].Ids[0])!.ToString());
    }

    static readonly Dictionary<string, long[]> _shapes = new() { ["x"] = [-1, 3, 6, 6] };

    static ChannelAnalysis Open(ModelProto model)
    {
        var height = model.Graph.Input[0].Type.TensorType.Shape.Dim[2];
        height.ClearDimValue();
        height.DimParam = "H";
        foreach (var o in model.Graph.Output) o.Type.TensorType.Shape = null;
        foreach (var node in model.Graph.Node)
            for (var i = 0; i < node.Input.Count; i++)
                if (node.Input[i] == "x") node.Input[i] = "x.six";
        model.Graph.Initializer.Add(TensorData.FromFloats("six", [1, 1, 6, 1], [1, 1, 1, 1, 1, 1]));
        model.Graph.Node.Insert(0, NodeAttributes.Node("Mul", ["x", "six"], ["x.six"], "x.six"));
        return ChannelAnalysis.Of(NormalisedModel.Create(model, _shapes));
    }

    static int Free(ChannelAnalysis analysis, string tensor) => analysis.Tensors[tensor].Ids.Count(c => analysis.LockOf(c) is null);

    static void Check(ChannelAnalysis analysis, string tensor, params int[] places)
    {
        var removed = new bool[analysis.CellCount];
        foreach (var p in places) removed[analysis.Tensors[tensor].Ids[p]] = true;
        var masked = ModelRunner.Run(MaskInsertion.Apply(analysis, removed), 1, _shapes);
        ModelRunner.AssertSame(masked, ModelRunner.Run(ChannelRemoval.Apply(analysis, removed), 1, _shapes), "slim against masked");
    }
}
