using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>One or more cases for every operator with a gradient. Shapes are drawn anew for each seed.</summary>
static class GradientCases
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<GradientCase> All { get; } =
        [.. Arithmetic(), .. Functions(), .. Reductions(), .. Normalisations(), .. Linear(), .. Windows(), .. Movement(), .. Indices()];

    static IEnumerable<GradientCase> Arithmetic()
    {
        foreach (var op in (string[])["Add", "Sub", "Mul", "Div"])
        {
            yield return new(op, "", (b, r) => b.Binary(op, Map(b, r), Like(b, "x", "y")), Draw.Positive);
            yield return new(op, "broadcast", (b, r) => b.Binary(op, Map(b, r), b.Weight("w", [b.Shape("x")[1], 1, 1])), Draw.Positive);
            yield return new(op, "broadcast from the left", (b, r) => Map(b, r) is var x ? b.Binary(op, b.Weight("w", [3, 1, 1, 1, 1]), x) : "", Draw.Positive);
        }
        yield return new("Pow", "", (b, r) => b.Binary("Pow", Map(b, r), Like(b, "x", "y")), Draw.Positive);
        yield return new("Pow", "square", (b, r) => b.Binary("Pow", Map(b, r), b.Floats("const_two", [], 2)));
        yield return new("Pow", "integer exponent", (b, r) => b.Op("Pow", [Map(b, r), b.Integers("const_three", 3)], b.Shape("x")));
        foreach (var op in (string[])["Neg", "Identity"]) yield return new(op, "", (b, r) => b.Unary(op, Map(b, r)));
        yield return new("Reciprocal", "", (b, r) => b.Unary("Reciprocal", Map(b, r)), Draw.Positive);
        foreach (var op in (string[])["Sum", "Mean"])
            yield return new(op, "", (b, r) => b.Op(op, [Map(b, r), Like(b, "x", "y"), b.Weight("w", [1])], b.Shape("x")));
        foreach (var op in (string[])["Max", "Min"])
            yield return new(op, "", (b, r) => b.Op(op, [Map(b, r), Shifted(b, Like(b, "x", "y"), 0.06f), Shifted(b, b.Weight("w", [b.Shape("x")[1], 1, 1]), 0.03f)], b.Shape("x")), Draw.Apart);
        yield return new("Where", "", (b, r) => b.Op("Where",
            [b.Op("Greater", [Map(b, r), b.Floats("const_zero", [], 0)], b.Shape("x")), b.Unary("Exp", "x"), b.Weight("w", [1, b.Shape("x")[1], 1, 1])], b.Shape("x")), Draw.Apart);
        yield return new("Cast", "", (b, r) => b.Op("Cast", [Map(b, r)], b.Shape("x"), null, n => n.Set("to", (long)b.ElementType)));
    }

    static IEnumerable<GradientCase> Functions()
    {
        foreach (var op in (string[])["Exp", "Erf", "Sigmoid", "Tanh", "Softplus", "Sin", "Cos", "Mish"])
            yield return new(op, "", (b, r) => b.Unary(op, Map(b, r)), Opset: op == "Mish" ? 18 : 17);
        foreach (var op in (string[])["Log", "Sqrt"]) yield return new(op, "", (b, r) => b.Unary(op, Map(b, r)), Draw.Positive);
        foreach (var op in (string[])["Abs", "Relu", "LeakyRelu", "Elu", "Selu", "HardSwish", "HardSigmoid", "Dropout"])
            yield return new(op, "", (b, r) => b.Unary(op, Map(b, r)), Draw.Apart);
        yield return new("LeakyRelu", "slope", (b, r) => b.Op("LeakyRelu", [Map(b, r)], b.Shape("x"), null, n => n.Set("alpha", 0.3f)), Draw.Apart);
        yield return new("PRelu", "", (b, r) => b.PRelu(Map(b, r)), Draw.Apart);
        yield return new("Clip", "", (b, r) => b.Op("Clip", [Map(b, r), b.Floats("const_low", [], -0.52f), b.Floats("const_high", [], 0.65f)], b.Shape("x")), Draw.Apart);
        yield return new("Clip", "from below", (b, r) => b.Op("Clip", [Map(b, r), b.Floats("const_low", [], -0.52f)], b.Shape("x")), Draw.Apart);
        yield return new("Clip", "opset 9", (b, r) => b.Op("Clip", [Map(b, r)], b.Shape("x"), null, n => n.Set("max", 0.65f)), Draw.Apart, 9);
        yield return new("Swish", "", (b, r) => b.Op("Swish", [Map(b, r)], b.Shape("x"), null, n => n.Set("alpha", 1.7f)), Opset: 24);
        yield return new("Gelu", "", (b, r) => b.Unary("Gelu", Map(b, r)), Opset: 20);
        yield return new("Gelu", "tanh", (b, r) => b.Op("Gelu", [Map(b, r)], b.Shape("x"), null, n => n.Set("approximate", "tanh")), Opset: 20);
        yield return new("Gelu", "", (b, r) => b.Op("Gelu", [Map(b, r)], b.Shape("x"), null, n => n.Domain = "com.microsoft"), Domain: "com.microsoft");
    }

    static IEnumerable<GradientCase> Reductions()
    {
        foreach (var (op, draw) in ((string, Draw)[])[("ReduceSum", Draw.Smooth), ("ReduceMean", Draw.Smooth), ("ReduceMax", Draw.Apart), ("ReduceMin", Draw.Apart),
            ("ReduceL1", Draw.Apart), ("ReduceL2", Draw.Smooth), ("ReduceSumSquare", Draw.Smooth), ("ReduceLogSum", Draw.Positive), ("ReduceLogSumExp", Draw.Smooth)])
        {
            yield return new(op, "", (b, r) => Reduced(b, op, Curved(b, Map(b, r), draw), [2, 3], true), draw);
            yield return new(op, "one axis away, opset 12", (b, r) => Reduced(b, op, Curved(b, Map(b, r), draw), [-3], false), draw, 12);
            yield return new(op, "everything", (b, r) => b.Op(op, [Curved(b, Map(b, r), draw)], [], null, n => n.Set("keepdims", 0L)), draw);
            yield return new(op, "axes as input, opset 18", (b, r) => b.Op(op, [Curved(b, Map(b, r), draw), b.Integers("axes", 0, 1)], [b.Shape("x")[2], b.Shape("x")[3]], null, n => n.Set("keepdims", 0L)), draw, 18);
        }
        foreach (var op in (string[])["Softmax", "LogSoftmax"])
        {
            yield return new(op, "", (b, r) => b.Op(op, [Map(b, r)], b.Shape("x")));
            yield return new(op, "over channels", (b, r) => b.Op(op, [Map(b, r)], b.Shape("x"), null, n => n.Set("axis", 1L)));
            yield return new(op, "of everything behind, opset 11", (b, r) => b.Op(op, [Map(b, r)], b.Shape("x")), Opset: 11);
        }
        yield return new("GlobalAveragePool", "", (b, r) => b.GlobalAveragePool(b.Unary("Exp", Map(b, r))));
        yield return new("GlobalMaxPool", "", (b, r) => b.Op("GlobalMaxPool", [Map(b, r)], [2, b.Shape("x")[1], 1, 1]), Draw.Apart);
    }

    static IEnumerable<GradientCase> Normalisations()
    {
        yield return new("BatchNormalization", "", (b, r) => b.BatchNorm(Map(b, r)));
        yield return new("BatchNormalization", "after a convolution", (b, r) => b.BatchNorm(b.Conv(Map(b, r), 3, 3, pads: 1)));
        yield return new("InstanceNormalization", "", (b, r) => b.InstanceNorm(b.Input("x", Size(r), Size(r) + 1, Size(r) + 1)));
        yield return new("LayerNormalization", "", (b, r) => b.LayerNorm(b.Input("x", Size(r), 4)));
        yield return new("LayerNormalization", "two axes, no bias", (b, r) =>
            b.Op("LayerNormalization", [b.Input("x", 2, 3, 4), b.Weight("scale", [3, 4])], b.Shape("x"), null, n => n.Set("axis", 2L)));
        foreach (var opset in (int[])[18, 21])
            yield return new("GroupNormalization", $"opset {opset}", (b, r) => b.Op("GroupNormalization",
                [b.Input("x", 4, Size(r), 3), b.Weight("scale", [opset == 18 ? 2 : 4]), b.Weight("bias", [opset == 18 ? 2 : 4])], b.Shape("x"), null, n => n.Set("num_groups", 2L)), Opset: opset);
        yield return new("LRN", "", (b, r) => b.Op("LRN", [b.Input("x", 6, 2, 3)], b.Shape("x"), null, n =>
        {
            n.Set("size", 3L);
            n.Set("alpha", 0.5f);
        }));
    }

    static IEnumerable<GradientCase> Linear()
    {
        yield return new("MatMul", "", (b, r) => b.MatMul(b.Input("x", Size(r), Size(r)), b.Input("y", b.Shape("x")[2], Size(r))));
        yield return new("MatMul", "weights", (b, r) => b.MatMul(b.Input("x", Size(r), Size(r)), r.Next(2, 5)));
        yield return new("MatMul", "broadcast", (b, r) => b.MatMul(b.Input("x", 3, 2, Size(r)), b.Floats("w", [1, 3, b.Shape("x")[3], 2], new float[3 * b.Shape("x")[3] * 2])));
        yield return new("MatMul", "vector", (b, r) => b.Op("MatMul", [b.Input("x", 3, 4), b.Weight("w", [4])], [2, 3]));
        foreach (var (a, t) in ((bool, bool)[])[(false, false), (false, true), (true, false), (true, true)])
            yield return new("Gemm", $"{(a ? "A'" : "A")} {(t ? "B'" : "B")}", (b, r) =>
            {
                var (m, k, n) = (2L, (long)Size(r), (long)Size(r));
                var x = b.Transpose(b.Input("x", k), a ? [1, 0] : [0, 1]);
                return b.Op("Gemm", [x, b.Weight("w", t ? [n, k] : [k, n]), b.Weight("c", a ? [n] : [m, 1])], [m, n], null, g =>
                {
                    g.Set("transA", a ? 1L : 0);
                    g.Set("transB", t ? 1L : 0);
                    g.Set("alpha", 0.7f);
                    g.Set("beta", 1.3f);
                });
            });
    }

    static IEnumerable<GradientCase> Windows()
    {
        yield return new("Conv", "", (b, r) => b.Conv(Image(b, r), 3, 3, pads: 1));
        yield return new("Conv", "strides", (b, r) => b.Conv(Image(b, r), 3, 3, stride: 2, pads: 1));
        yield return new("Conv", "strides that leave a rest", (b, r) => b.Conv(b.Input("x", 2, 8, 9), 2, 2, stride: 3));
        yield return new("Conv", "1x1, strides", (b, r) => b.Conv(Image(b, r), 3, 1, stride: 2, bias: false));
        yield return new("Conv", "dilations", (b, r) => b.Conv(Image(b, r), 2, 3, pads: 1, dilation: 2));
        yield return new("Conv", "strides and dilations", (b, r) => b.Conv(b.Input("x", 2, 9, 8), 2, 3, stride: 2, pads: 2, dilation: 2));
        yield return new("Conv", "more padding than kernel", (b, r) => b.Conv(b.Input("x", 2, 4, 5), 2, 1, pads: 2));
        yield return new("Conv", "groups", (b, r) => b.Conv(b.Input("x", 4, 5, 6), 6, 3, pads: 1, group: 2));
        yield return new("Conv", "groups and strides", (b, r) => b.Conv(b.Input("x", 4, 7, 6), 6, 3, stride: 2, pads: 1, group: 2));
        yield return new("Conv", "depthwise", (b, r) => b.Conv(b.Input("x", 3, 5, 6), 3, 3, pads: 1, group: 3));
        yield return new("Conv", "depthwise, strides", (b, r) => b.Conv(b.Input("x", 3, 5, 6), 6, 3, stride: 2, pads: 1, group: 3));
        yield return new("Conv", "1-D", (b, r) => b.Conv(b.Input("x", 2, 9), 3, 3, stride: 2, pads: 1));
        yield return new("Conv", "3-D", (b, r) => b.Conv(b.Input("x", 2, 4, 4, 3), 2, 2, pads: 1));
        foreach (var mode in (string[])["SAME_UPPER", "SAME_LOWER", "VALID"])
            yield return new("Conv", mode, (b, r) => b.Op("Conv", [b.Input("x", 2, 7, 6), b.Weight("w", [3, 2, 3, 3])],
                mode == "VALID" ? [2, 3, 3, 2] : [2, 3, 4, 3], null, n =>
                {
                    n.Set("auto_pad", mode);
                    n.Set("strides", 2, 2);
                }));
        yield return new("ConvTranspose", "", (b, r) => b.ConvTranspose(Image(b, r), 3));
        yield return new("ConvTranspose", "padded", (b, r) => b.ConvTranspose(b.Input("x", 4, 4, 5), 2, 3, 1, 1));
        yield return new("ConvTranspose", "groups", (b, r) => b.ConvTranspose(b.Input("x", 4, 4, 3), 6, 3, 2, 1, group: 2));
        yield return new("ConvTranspose", "output padding", (b, r) => b.Op("ConvTranspose", [b.Input("x", 2, 4, 3), b.Weight("w", [2, 3, 3, 3])], [2, 3, 9, 7], null, n =>
        {
            n.Set("strides", 2, 2);
            n.Set("output_padding", 0, 0);
        }));
        foreach (var mode in (string[])["SAME_UPPER", "SAME_LOWER"])
            yield return new("ConvTranspose", mode, (b, r) => b.Op("ConvTranspose", [b.Input("x", 2, 4, 3), b.Weight("w", [2, 3, 3, 3])], [2, 3, 8, 6], null, n =>
            {
                n.Set("strides", 2, 2);
                n.Set("auto_pad", mode);
            }));
        yield return new("MaxPool", "", (b, r) => b.MaxPool(b.Input("x", 2, 4, 6)), Draw.Apart);
        yield return new("MaxPool", "overlapping", (b, r) => b.MaxPool(b.Input("x", 2, 5, 7), 3, 2, 1), Draw.Apart);
        foreach (var mode in (string[])["SAME_UPPER", "SAME_LOWER"])
        {
            yield return new("MaxPool", mode, (b, r) => Pooled(b, "MaxPool", n => n.Set("auto_pad", mode)), Draw.Apart);
            yield return new("AveragePool", mode, (b, r) => Pooled(b, "AveragePool", n => n.Set("auto_pad", mode)));
        }
        yield return new("AveragePool", "", (b, r) => b.AveragePool(b.Unary("Exp", b.Input("x", 2, 4, 6))));
        yield return new("AveragePool", "padded", (b, r) => b.AveragePool(b.Unary("Exp", b.Input("x", 2, 5, 7)), 3, 2, 1));
        yield return new("AveragePool", "padding counts", (b, r) => Pooled(b, "AveragePool", n =>
        {
            n.Set("pads", 1, 0, 1, 1);
            n.Set("count_include_pad", 1L);
        }));
        yield return new("AveragePool", "last windows reach beyond", (b, r) => Pooled(b, "AveragePool", n => n.Set("ceil_mode", 1L)));
    }

    static IEnumerable<GradientCase> Movement()
    {
        yield return new("Reshape", "", (b, r) => Bent(b, b.Reshape(Map(b, r), -1)));
        yield return new("Flatten", "", (b, r) => Bent(b, b.Flatten(Map(b, r))));
        yield return new("Squeeze", "", (b, r) => Bent(b, b.Squeeze(b.Input("x", 3, 1, 2), 2)));
        yield return new("Squeeze", "opset 11", (b, r) => Bent(b, b.Op("Squeeze", [b.Input("x", 3, 1)], [2, 3], null, n => n.Set("axes", (long[])[2]))), Opset: 11);
        yield return new("Unsqueeze", "", (b, r) => Bent(b, b.Op("Unsqueeze", [b.Input("x", 3), b.Integers("axes", 0, 3)], [1, 2, 3, 1])));
        yield return new("Transpose", "", (b, r) => Bent(b, b.Transpose(Map(b, r), 2, 0, 3, 1)));
        yield return new("Transpose", "reversed", (b, r) => Bent(b, b.Op("Transpose", [Map(b, r)], [.. b.Shape("x").Reverse()])));
        yield return new("Expand", "", (b, r) => Bent(b, b.Op("Expand", [b.Input("x", 1, 3), b.Integers("shape", 2, 1, 4, 3)], [2, 2, 4, 3])));
        yield return new("Tile", "", (b, r) => Bent(b, b.Op("Tile", [b.Input("x", 2, 3), b.Integers("repeats", 1, 2, 3)], [2, 4, 9])));
        yield return new("Concat", "", (b, r) => Bent(b, b.Concat(2, Map(b, r), b.Unary("Exp", "x"), "x")));
        yield return new("Concat", "axis from the end", (b, r) => b.Op("Concat", [b.Input("x", 2, 3), b.Unary("Exp", "x")], [2, 2, 6], null, n => n.Set("axis", -1L)));
        yield return new("Split", "", (b, r) => b.Split(b.Input("x", 6, 2), 1, 3) is var p ? b.Mul(p[0], b.Unary("Exp", p[2])) : "");
        yield return new("Split", "opset 11", (b, r) => b.Mul(b.Op("Split", [b.Input("x", 5)], [2, 2], "left", n =>
        {
            n.Set("axis", 1L);
            n.Set("split", 2, 3);
            n.Output.Add("right");
        }), "left"), Opset: 11);
        yield return new("Slice", "", (b, r) => Bent(b, b.Slice(Map(b, r), 1, 1, 3)));
        yield return new("Slice", "steps", (b, r) => Bent(b, b.Slice(b.Slice(b.Input("x", 3, 7, 8), 2, 0, 1000, 2), 3, 1, -1, 3)));
        yield return new("Slice", "backwards", (b, r) => Bent(b, b.Slice(b.Slice(b.Input("x", 6, 3), 1, -1, -100, -1), 1, 4, 0, -2)));
        yield return new("Slice", "opset 9", (b, r) => Bent(b, b.Op("Slice", [b.Input("x", 5, 4)], [2, 3, 4], null, n =>
        {
            n.Set("starts", (long[])[1]);
            n.Set("ends", (long[])[4]);
            n.Set("axes", (long[])[1]);
        })), Opset: 9);
        yield return new("Pad", "", (b, r) => Bent(b, b.Pad(Map(b, r), 1, 2, 1)));
        yield return new("Pad", "cropping", (b, r) => Bent(b, b.Op("Pad", [b.Input("x", 4, 5), b.Integers("pads", 0, -1, 2, 0, 1, -2)], [2, 4, 5])));
        yield return new("Pad", "opset 9", (b, r) => Bent(b, b.Op("Pad", [b.Input("x", 4)], [2, 7], null, n => n.Set("pads", 0, 1, 0, 2))), Opset: 9);
        foreach (var mode in (string[])["edge", "reflect"])
            yield return new("Pad", mode, (b, r) => Bent(b, b.Op("Pad", [b.Input("x", 3, 4), b.Integers("pads", 0, 2, 1, 0, 1, 3)], [2, 6, 8], null, n => n.Set("mode", mode))));
        foreach (var mode in (string[])["DCR", "CRD"]) yield return new("DepthToSpace", mode, (b, r) => Bent(b, b.DepthToSpace(b.Input("x", 8, 2, 3), 2, mode)));
        yield return new("SpaceToDepth", "", (b, r) => Bent(b, b.Op("SpaceToDepth", [b.Input("x", 2, 4, 6)], [2, 8, 2, 3], null, n => n.Set("blocksize", 2L))));
        yield return new("Resize", "sizes", (b, r) => Bent(b, b.Op("Resize", [b.Input("x", 2, 3, 4), "", "", b.Integers("sizes", 2, 2, 7, 6)], [2, 2, 7, 6])));
        yield return new("Resize", "shrinking, aligned corners", (b, r) => Bent(b, b.Op("Resize", [b.Input("x", 2, 8, 7), "", "", b.Integers("sizes", 2, 2, 3, 5)], [2, 2, 3, 5], null, n =>
        {
            n.Set("coordinate_transformation_mode", "align_corners");
            n.Set("nearest_mode", "ceil");
        })));
        yield return new("Resize", "scales", (b, r) => Bent(b, b.Op("Resize", [b.Input("x", 2, 3, 4), "", b.Floats32("scales", 1, 1, 2, 1.5f)], [2, 2, 6, 6], null, n => n.Set("nearest_mode", "floor"))));
        yield return new("Resize", "linear", (b, r) => Bent(b, b.Op("Resize", [b.Input("x", 2, 3, 4), "", b.Floats32("scales", 1, 1, 2, 1.5f)], [2, 2, 6, 6], null, n => n.Set("mode", "linear"))));
        yield return new("Resize", "cubic, aligned corners", (b, r) => Bent(b, b.Op("Resize", [b.Input("x", 2, 5, 6), "", "", b.Integers("sizes", 2, 2, 8, 3)], [2, 2, 8, 3], null, n =>
        {
            n.Set("mode", "cubic");
            n.Set("coordinate_transformation_mode", "align_corners");
        })));
        yield return new("Upsample", "linear, opset 9", (b, r) => Bent(b, b.Op("Upsample", [b.Input("x", 2, 3, 4), b.Floats32("scales", 1, 1, 2, 2)], [2, 2, 6, 8], null, n => n.Set("mode", "linear"))), Opset: 9);
        yield return new("Upsample", "opset 9", (b, r) => Bent(b, b.Op("Upsample", [b.Input("x", 2, 3, 4), b.Floats32("scales", 1, 1, 2, 2)], [2, 2, 6, 8])), Opset: 9);
    }

    static IEnumerable<GradientCase> Indices()
    {
        yield return new("Gather", "", (b, r) => Bent(b, b.Gather(Map(b, r), 1, 2, 0, 2)));
        yield return new("Gather", "matrix of indices, from the end", (b, r) => Bent(b, b.Op("Gather", [b.Input("x", 4, 3), Indices(b, [2, 2], 0, -1, 3, -1)], [2, 2, 2, 3], null, n => n.Set("axis", 1L))));
        yield return new("GatherElements", "", (b, r) => Bent(b, b.Op("GatherElements", [b.Input("x", 4), Indices(b, [2, 3], 0, 0, 3, 1, 2, 1)], [2, 3], null, n => n.Set("axis", 1L))));
        foreach (var reduction in (string[])["none", "add"])
            yield return new("ScatterElements", reduction, (b, r) => Bent(b, b.Op("ScatterElements", [b.Input("x", 4), Indices(b, [2, 2], 0, 3, 2, 1), b.Weight("w", [2, 2])], [2, 4], null, n =>
            {
                n.Set("axis", 1L);
                n.Set("reduction", reduction);
            })));
    }

    static long Size(Random r) => r.Next(2, 5);

    static string Map(GraphBuilder b, Random r) => b.Input("x", 3, Size(r), Size(r));

    static string Image(GraphBuilder b, Random r) => b.Input("x", Size(r), r.Next(5, 8), r.Next(5, 8));

    static string Like(GraphBuilder b, string tensor, string name) => b.Input(name, b.Shape(tensor)[1..]);

    // Moves values between those of other tensors.
    static string Shifted(GraphBuilder b, string x, float by) => b.Add(x, b.Floats($"const_{x}", [], by));

    // A function whose own second derivative is not zero, so that the second gradient says something.
    static string Bent(GraphBuilder b, string x) => b.Unary("Exp", x);

    static string Curved(GraphBuilder b, string x, Draw draw) => draw == Draw.Smooth ? b.Unary("Exp", x) : x;

    static string Reduced(GraphBuilder b, string op, string x, long[] axes, bool keep)
    {
        var s = b.Shape(x);
        var away = axes.Select(a => a < 0 ? a + s.Length : a).ToHashSet();
        long[] shape = [.. s.Select((d, a) => away.Contains(a) ? keep ? 1 : -1 : d).Where(d => d > 0)];
        // ReduceSum reads its axes from an input since opset 13.
        return b.Opset >= 13 && op == "ReduceSum"
            ? b.Op(op, [x, b.Integers("axes", axes)], shape, null, n => n.Set("keepdims", keep ? 1L : 0))
            : b.Op(op, [x], shape, null, n =>
            {
                n.Set("axes", axes);
                n.Set("keepdims", keep ? 1L : 0);
            });
    }

    static string Pooled(GraphBuilder b, string op, Action<NodeProto> more)
    {
        var x = b.Input("x", 2, 6, 5);
        return b.Op(op, [op == "MaxPool" ? x : b.Unary("Exp", x)], [2, 2, 3, 3], null, n =>
        {
            n.Set("kernel_shape", 3, 2);
            n.Set("strides", 2, 2);
            more(n);
        });
    }

    static string Indices(GraphBuilder b, long[] dims, params long[] values) => b.Reshape(b.Integers("const_indices", values), dims);
}
