using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>Shapes, pads and copies that a graph computes from the size of its input: cut at one size, run at others.</summary>
public class ComputedSizeTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_channel_shuffle_of_computed_shape_loses_channels_at_any_size(bool countsChannels)
    {
        const int groups = 2, width = 12;
        var b = new GraphBuilder(5);
        var c = b.Conv(b.Input("x", 3, 8, 8), width, pads: 1, name: "c1");
        var shape = b.Op("Shape", [c], [4], "c1.shape");
        var (n, h, w) = (Size(b, shape, 0), Size(b, shape, 2), Size(b, shape, 3));
        var channels = countsChannels ? Size(b, shape, 1) : b.Integers("width", width);
        var each = countsChannels ? b.Op("Div", [channels, b.Integers("groups", groups)], [1], "each") : b.Integers("each", width / groups);
        var apart = b.Op("Reshape", [c, Vector(b, n, b.Integers("two", groups), each, h, w)], [1, groups, width / groups, 8, 8]);
        var mixed = b.Op("Reshape", [b.Transpose(apart, 0, 2, 1, 3, 4), Vector(b, n, channels, h, w)], [1, width, 8, 8], "mixed");
        OpenSizeCheck.Compare(b.Build(b.Conv(b.Relu(mixed), 4, pads: 1, group: 2, name: "y")), "c1", [3, 8, 8], [3, 7, 9], [3, 5, 4], [3, 8, 6]);
    }

    /// <summary>
    /// At one and the same height and width, a size that is taken from the wrong axis is right; a model that takes only
    /// multiples of 48 runs at no other pair that is tried.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(48)]
    public void Rows_of_a_map_split_into_groups_stay_rows_at_any_size(int multiple)
    {
        const int groups = 2, width = 12;
        var side = multiple == 1 ? 8 : multiple;
        var b = new GraphBuilder(5);
        var x = b.Input("x", 3, side, side);
        var shape = b.Op("Shape", [x], [4], "x.shape");
        var (n, h, w) = (Size(b, shape, 0), Size(b, shape, 2), Size(b, shape, 3));
        if (multiple > 1)
        {
            var unit = b.Integers("multiple", multiple);
            var tiles = Vector(b, n, b.Integers("colours", 3), b.Op("Div", [h, unit], [1]), unit, b.Op("Div", [w, unit], [1]), unit);
            x = b.Op("Reshape", [b.Op("Reshape", [x, tiles], [1, 3, 1, side, 1, side]), shape], [1, 3, side, side], "whole");
        }
        var c = b.Conv(x, width, pads: 1, name: "c1");
        var apart = b.Op("Reshape", [c, Vector(b, n, b.Integers("two", groups), b.Integers("each", width / groups), h, w)], [1, groups, width / groups, side, side]);
        var rows = b.ReduceMean(b.Relu(apart), [4], keepdims: false);
        var joined = b.Op("Reshape", [rows, Vector(b, n, b.Integers("width", width), h, b.Integers("one", 1))], [1, width, side, 1], "joined");
        OpenSizeCheck.Compare(b.Build(b.Conv(joined, 4, kernel: 1, name: "y")), "c1", [3, side, side], multiple == 1 ? [3, 7, 9] : [3, 2 * side, side], [3, side, 2 * side]);
    }

    public static TheoryData<string> Paddings => new("integers", "integers of the last", "floats", "floats throughout", "condition");

    /// <summary>Height and width are filled up to a multiple of 4, or to 6 at least: nothing at the size that is traced.</summary>
    [Theory]
    [MemberData(nameof(Paddings))]
    public void Pads_computed_from_the_size_let_channels_go_and_follow_the_size(string form)
    {
        var b = new GraphBuilder(5);
        var c = b.Conv(b.Input("x", 3, 8, 8), 6, pads: 1, name: "c1");
        var shape = b.Op("Shape", [c], [4], "c1.shape");
        var (down, right) = (Lacking(b, form, Size(b, shape, 2)), Lacking(b, form, Size(b, shape, 3)));
        string pads;
        if (form == "integers of the last")
        {
            // F.pad counts from the last axis; exporters fill up with zeros and turn the pairs round.
            var none = b.Op("ConstantOfShape", [b.Integers("four", 4)], [4], "none", n => n.Attribute.Add(Zero));
            var pairs = b.Reshape(Vector(b, b.Integers("left", 0), right, b.Integers("up", 0), down, none), 4, 2);
            var turned = b.Op("Slice", [pairs, b.Integers("from", -1), b.Integers("to", long.MinValue), b.Integers("along", 0), b.Integers("back", -1)], [4, 2], "turned");
            pads = b.Op("Cast", [b.Reshape(b.Transpose(turned, 1, 0), 8)], [8], "pads", n => n.Set("to", 7L));
        }
        else pads = Vector(b, b.Integers("before", 0, 0, 0, 0, 0, 0), down, right);
        var padded = b.Op("Pad", [c, pads], [1, 6, 8, 8], "padded");
        OpenSizeCheck.Compare(b.Build(b.Conv(b.Relu(padded), 2, stride: 2, name: "y")), "c1", [3, 8, 8], [3, 7, 9], [3, 5, 12], [3, 3, 3]);
    }

    public static TheoryData<bool, HeadCut> Repeats => new MatrixTheoryData<bool, HeadCut>([false, true], [HeadCut.Dimensions, HeadCut.Heads]);

    [Theory]
    [MemberData(nameof(Repeats))]
    public void Keys_repeated_by_a_computed_Expand_lose_heads_and_dimensions_at_any_length(bool throughWhere, HeadCut cut)
    {
        const int width = 12, heads = 4, groups = 2, size = 4;
        var b = new GraphBuilder(5);
        var x = b.Input("x", 5, width);
        var shape = b.Op("Shape", [x], [3], "x.shape");
        var (n, tokens) = (Size(b, shape, 0), Size(b, shape, 1));
        string Apart(string t, int count) =>
            b.Transpose(b.Op("Reshape", [t, Vector(b, n, tokens, b.Integers($"{t}.heads", count), b.Integers($"{t}.size", size))], [1, 5, count, size]), 0, 2, 1, 3);
        // [B, G, S, D] to [B, G, 1, S, D], [B, G, times, S, D], [B, H, S, D]; every number is read from the keys themselves.
        string Repeated(string t)
        {
            var own = b.Op("Shape", [t], [4], $"{t}.shape");
            var (items, count, length, dims) = (Size(b, own, 0), Size(b, own, 1), Size(b, own, 2), Size(b, own, 3));
            var target = Vector(b, items, count, b.Integers($"{t}.times", heads / groups), length, dims);
            if (throughWhere)
            {
                var ones = b.Op("ConstantOfShape", [b.Op("Shape", [target], [1])], [5], $"{t}.ones", node => node.Attribute.Add(One));
                var whole = b.Op("Equal", [target, b.Op("Mul", [ones, b.Integers($"{t}.minus", -1)], [5])], [5], $"{t}.whole");
                target = b.Op("Where", [whole, ones, target], [5], $"{t}.target");
            }
            var beside = b.Op("Unsqueeze", [t, b.Integers($"{t}.axis", 2)], [1, groups, 1, 5, size]);
            var wide = b.Op("Expand", [beside, target], [1, groups, heads / groups, 5, size]);
            var all = b.Op("Mul", [count, b.Integers($"{t}.each", heads / groups)], [1]);
            return b.Op("Reshape", [wide, Vector(b, items, all, length, dims)], [1, heads, 5, size]);
        }
        var q = Apart(b.MatMul(x, heads * size, "q"), heads);
        var (k, v) = (Repeated(Apart(b.MatMul(x, groups * size, "k"), groups)), Repeated(Apart(b.MatMul(x, groups * size, "v"), groups)));
        var mixed = b.Transpose(b.MatMul(b.Softmax(b.MatMul(q, b.Transpose(k, 0, 1, 3, 2)), 3), v), 0, 2, 1, 3);
        var joined = b.Op("Reshape", [mixed, Vector(b, n, tokens, b.Integers("all", heads * size))], [1, 5, heads * size], "joined");
        OpenSizeCheck.Compare(b.Build(b.MatMul(joined, 2, "y")), "q", cut, [5, width], [7, width], [2, width], [16, width]);
    }

    public static TheoryData<string> Layouts => new("resized to a larger map", "cropped to a smaller map", "tokens and back", "windows", "blocks to channels", "normalised groups");

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Maps_laid_out_by_their_own_size_lose_channels_at_any_size(string layout)
    {
        const int width = 8;
        var b = new GraphBuilder(5);
        var c = b.Conv(b.Input("x", 3, 8, 8), width, pads: 1, name: "c1");
        var shape = b.Op("Shape", [c], [4], "c1.shape");
        var (n, h, w) = (Size(b, shape, 0), Size(b, shape, 2), Size(b, shape, 3));
        string channels = b.Integers("width", width), four = b.Integers("multiple", 4), all = b.Integers("all", -1);
        string Over(string size) => b.Op("Div", [size, four], [1]);
        switch (layout)
        {
            case "resized to a larger map":
                var small = b.MaxPool(c);
                var target = Vector(b, b.Op("Slice", [b.Op("Shape", [small], [4], "small.shape"), b.Integers("from", 0), b.Integers("to", 2)], [2], "kept"), h, w);
                c = b.Concat(1, b.Op("Resize", [small, "", "", target], [1, width, 8, 8], "up"), c);
                break;
            case "cropped to a smaller map":
                var valid = b.Conv(c, 4, name: "valid");
                var inner = b.Op("Shape", [valid], [4], "valid.shape");
                var crop = b.Op("Slice", [c, b.Integers("starts", 0, 0), Vector(b, Size(b, inner, 2), Size(b, inner, 3)), b.Integers("axes", 2, 3)], [1, width, 6, 6], "crop");
                c = b.Concat(1, crop, valid);
                break;
            case "tokens and back":
                var flat = b.Op("Reshape", [c, Vector(b, n, channels, b.Op("Mul", [h, w], [1]))], [1, width, 64]);
                var mixed = b.Relu(b.MatMul(b.Transpose(flat, 0, 2, 1), width, "mixed"));
                c = b.Op("Reshape", [b.Transpose(mixed, 0, 2, 1), Vector(b, n, channels, h, w)], [1, width, 8, 8]);
                break;
            case "windows":
                var apart = b.Op("Reshape", [b.Transpose(c, 0, 2, 3, 1), Vector(b, n, Over(h), four, Over(w), four, channels)], [1, 2, 4, 2, 4, width]);
                var windows = b.Op("Reshape", [b.Transpose(apart, 0, 1, 3, 2, 4, 5), Vector(b, all, b.Integers("tokens", 16), channels)], [4, 16, width]);
                var summed = b.Add(windows, b.ReduceMean(b.Relu(windows), [1]));
                var back = b.Op("Reshape", [summed, Vector(b, n, Over(h), Over(w), four, four, channels)], [1, 2, 2, 4, 4, width]);
                c = b.Transpose(b.Op("Reshape", [b.Transpose(back, 0, 1, 3, 2, 4, 5), Vector(b, n, h, w, channels)], [1, 8, 8, width]), 0, 3, 1, 2);
                break;
            case "blocks to channels":
                var blocks = b.Op("Reshape", [c, Vector(b, n, channels, Over(h), four, Over(w), four)], [1, width, 2, 4, 2, 4]);
                c = b.Op("Reshape", [b.Transpose(blocks, 0, 1, 3, 5, 2, 4), Vector(b, n, b.Integers("deep", width * 16), Over(h), Over(w))], [1, width * 16, 2, 2]);
                break;
            case "normalised groups":
                var groups = b.Op("Reshape", [c, Vector(b, n, b.Integers("groups", 8), all)], [1, 8, 64]);
                c = b.Op("Reshape", [b.InstanceNorm(groups), shape], [1, width, 8, 8]);
                break;
        }
        OpenSizeCheck.Compare(b.Build(b.Conv(b.Relu(c), 2, kernel: 1, name: "y")), "c1", [3, 8, 8], [3, 4, 12], [3, 16, 8]);
    }

    // How many places a size lacks.
    static string Lacking(GraphBuilder b, string form, string size)
    {
        var name = size + form[0];
        string Number(string of, double value) => form.StartsWith("floats", StringComparison.Ordinal) ? b.Floats($"{name}.{of}", [1], (float)value) : b.Integers($"{name}.{of}", (long)value);
        string Cast(string t, long to) => b.Op("Cast", [t], [1], null, n => n.Set("to", to));
        switch (form)
        {
            case "floats" or "floats throughout":
                var wide = Cast(size, 1);
                var full = b.Mul(b.Unary("Ceil", b.Binary("Div", wide, Number("multiple", 4))), Number("again", 4));
                return form == "floats" ? b.Op("Sub", [Cast(full, 7), size], [1]) : Cast(b.Op("Sub", [full, wide], [1]), 7);
            case "condition":
                return b.Op("Where", [b.Op("Less", [size, Number("least", 4)], [1]), Number("more", 3), Number("nothing", 0)], [1]);
            default:
                var over = b.Op("Mod", [size, Number("multiple", 4)], [1]);
                return b.Op("Mod", [b.Op("Sub", [Number("four", 4), over], [1]), Number("again", 4)], [1]);
        }
    }

    static AttributeProto Zero => Value(0);

    static AttributeProto One => Value(1);

    static AttributeProto Value(long value) => new() { Name = "value", Type = AttributeProto.Types.AttributeType.Tensor, T = TensorData.FromIntegers("", [1], [value]) };

    static string Size(GraphBuilder b, string shape, int axis) => b.Op("Gather", [shape, b.Integers($"{shape}.at.{axis}", axis)], [1], $"{shape}.{axis}");

    static string Vector(GraphBuilder b, params string[] parts) => b.Op("Concat", parts, [parts.Sum(p => b.Shape(p)[0])], null, n => n.Set("axis", 0L));
}
