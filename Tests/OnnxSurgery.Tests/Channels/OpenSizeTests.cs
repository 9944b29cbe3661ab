using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>Models whose inputs leave more than the batch open: cut as if the size were fixed, and right at any other.</summary>
public class OpenSizeTests
{
    [Fact]
    public void Attention_over_any_number_of_tokens_loses_dimensions_and_still_takes_any_number()
    {
        const int width = 12, heads = 3;
        var b = new GraphBuilder(5);
        var x = b.Input("x", 4, width);
        // Every size is read from the stream, as tracing exporters write view(B, T, heads, C // heads).
        var shape = b.Op("Shape", [x], [3], "shape");
        string Size(int at) => b.Op("Gather", [shape, b.Integers($"at.{at}", at)], [1]);
        var (items, tokens, channels) = (Size(0), Size(1), Size(2));
        var size = b.Op("Div", [channels, b.Integers("heads", heads)], [1], "size");
        var split = b.Op("Concat", [items, tokens, b.Integers("h", heads), size], [4], "split", n => n.Set("axis", 0L));
        var merge = b.Op("Concat", [items, tokens, channels], [3], "merge", n => n.Set("axis", 0L));
        string Apart(string t) => b.Transpose(b.Op("Reshape", [t, split], [1, 4, heads, width / heads]), 0, 2, 1, 3);
        var (q, k, v) = (Apart(b.MatMul(x, width, "q")), Apart(b.MatMul(x, width, "k")), Apart(b.MatMul(x, width, "v")));
        var mixed = b.MatMul(b.Softmax(b.MatMul(q, b.Transpose(k, 0, 1, 3, 2)), 3), v);
        var joined = b.Op("Reshape", [b.Transpose(mixed, 0, 2, 1, 3), merge], [1, 4, width], "joined");
        OpenSizeCheck.Compare(b.Build(b.MatMul(joined, 2, "y")), "q", [4, width], [7, width], [2, width]);
    }

    [Fact]
    public void What_is_given_of_an_extent_holds_for_all_inputs_that_name_it()
    {
        // Also where another size, broadcast, would run.
        var model = Sequences("T", "T");
        var found = OpenInputs.Find(model, new Dictionary<string, long[]> { ["x"] = [-1, 5, 4] });
        Assert.Equal([-1, 5, 1], found.Shapes["mask"]);
        Assert.Equal(["mask:N,5,1"], found.Chosen);
        // A name that one input uses for two extents says nothing: the usual sizes are tried, of which 1 is the first that fits.
        var unnamed = Sequences("?", "?");
        foreach (var input in unnamed.Graph.Input) input.Type.TensorType.Shape.Dim[2] = new() { DimParam = "?" };
        Assert.Equal([-1, 1, 1], OpenInputs.Find(unnamed, new Dictionary<string, long[]> { ["x"] = [-1, 6, 1] }).Shapes["mask"]);
        // A name that stands for two sizes is no reason to give up.
        Assert.Equal([-1, 64, 1], OpenInputs.Find(Sequences("T", "S"), new Dictionary<string, long[]> { ["x"] = [-1, 64, 4] }).Shapes["mask"]);
    }

    [Fact]
    public void A_size_that_is_wanted_can_be_typed()
    {
        var model = Sequences("T", "S");
        model.Graph.Input[1].Type.TensorType.Shape.Dim.Insert(0, new() { DimValue = 2 });
        // No size will do: of the product [2, N, S, 4] the steps are multiplied by seven rows, and there are six.
        model.Graph.Initializer.AddRange([TensorData.FromIntegers("last", [1], [3]), TensorData.FromFloats("rows", [7, 1], [1, 2, 3, 4, 5, 6, 7])]);
        var sum = NodeAttributes.Node("ReduceSum", ["y", "last"], ["sum"]);
        sum.Set("keepdims", 0L);
        model.Graph.Node.AddRange([sum, NodeAttributes.Node("MatMul", ["sum", "rows"], ["z"])]);
        model.Graph.Output[0].Name = "z";
        var said = Assert.Throws<OnnxSurgeryException>(() => OpenInputs.Find(model, new Dictionary<string, long[]> { ["x"] = [-1, 6, 4] })).Message;
        Assert.Contains("SlimOptions.InputShapes = mask:2,N,SIZE,1.", said, StringComparison.Ordinal);
    }

    // x [N, T, 4] times mask [N, S, 1].
    static ModelProto Sequences(string ofX, string ofMask)
    {
        var b = new GraphBuilder(5);
        var model = b.Build(b.Op("Mul", [b.Input("x", 6, 4), b.Input("mask", 6, 1)], [1, 6, 4], "y"));
        foreach (var (input, name) in model.Graph.Input.Zip((string[])[ofX, ofMask])) input.Type.TensorType.Shape.Dim[1] = new() { DimParam = name };
        model.Graph.Output[0].Type.TensorType.Shape = null;
        return model;
    }

    [Fact]
    public void Pads_that_make_two_maps_equally_high_do_not_lock_their_channels()
    {
        var b = new GraphBuilder(5);
        var x = b.Input("x", 3, 8, 8);
        var wide = b.Conv(x, 6, pads: 1, name: "c1");
        var small = b.Conv(b.MaxPool(wide), 6, pads: 1, name: "c2");
        var up = b.Op("Resize", [small, "", b.Floats("twice", [4], 1, 1, 2, 2)], [1, 6, 8, 8], "up");
        string Height(string t) => b.Op("Gather", [b.Op("Shape", [t], [4]), b.Integers($"{t}.height", 2)], [1]);
        var lacking = b.Op("Sub", [Height(wide), Height(up)], [1], "lacking");
        var nothing = b.Op("ConstantOfShape", [b.Integers("six", 6)], [6], "nothing", n => n.Attribute.Add(new AttributeProto
        {
            Name = "value",
            Type = AttributeProto.Types.AttributeType.Tensor,
            T = TensorData.FromIntegers("", [1], [0]),
        }));
        var pads = b.Op("Concat", [nothing, lacking, b.Integers("width", 0)], [8], "pads", n => n.Set("axis", 0L));
        var padded = b.Op("Pad", [up, pads], [1, 6, 8, 8], "padded");
        OpenSizeCheck.Compare(b.Build(b.Conv(b.Relu(b.Concat(1, wide, padded)), 2, name: "y")), "c2", [3, 8, 8], [3, 7, 8]);
    }
}
