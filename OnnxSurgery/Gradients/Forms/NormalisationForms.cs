using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Gradients.Forms;

/// <summary>Normalisations by means, variances and affine maps.</summary>
static class NormalisationForms
{
    // y = x g / sqrt(v + eps) + (b - m g / sqrt(v + eps)), per channel
    public static bool BatchNormalization(NodeProto node, RestatementSite s)
    {
        var (w, x, rank) = (s.Write, node.Input[0], s.Shape(node.Input[0]).Length);
        if (node.Int("spatial", 1) == 0) throw s.Unsupported(node, "it normalises every position by itself");
        var epsilon = w.Scalar(node.Float("epsilon", 1e-5f));
        long[] channels = [-1, .. Enumerable.Repeat(1L, rank - 2)];
        if (node.Int("training_mode", 0) != 0 || s.Normalisation == NormalisationMode.BatchStatistics)
        {
            if (node.Output.Skip(1).Any(o => o.Length > 0)) throw s.Unsupported(node, "its running statistics are read");
            var normal = Standardise(x, [0, .. Enumerable.Range(2, rank - 2).Select(a => (long)a)], epsilon, w, out var mean, out var variance);
            var shape = s.Shape(x);
            s.Statistics.Add(new NormalisationStatistics(node.Input[3], node.Input[4], mean, variance, shape.Aggregate(1L, (a, b) => a * b) / shape[1]));
            w.Emit("Add", [w.Mul(normal, w.Reshape(node.Input[1], channels)), w.Reshape(node.Input[2], channels)], null, node.Output[0]);
            return true;
        }
        var scale = w.Div(node.Input[1], w.Unary("Sqrt", w.Add(node.Input[4], epsilon)));
        var shift = w.Sub(node.Input[2], w.Mul(node.Input[3], scale));
        w.Emit("Add", [w.Mul(x, w.Reshape(scale, channels)), w.Reshape(shift, channels)], null, node.Output[0]);
        return true;
    }

    public static bool LayerNormalization(NodeProto node, RestatementSite s)
    {
        if (node.Output.Skip(1).Any(o => o.Length > 0)) throw s.Unsupported(node, "its mean and deviation are read");
        var (w, rank) = (s.Write, s.Shape(node.Input[0]).Length);
        var axis = (int)node.Int("axis", -1);
        if (axis < 0) axis += rank;
        var normal = Standardise(node.Input[0], [.. Enumerable.Range(axis, rank - axis).Select(a => (long)a)], w.Scalar(node.Float("epsilon", 1e-5f)), w);
        var bias = RestatementSite.Has(node, 2);
        var scaled = w.Emit("Mul", [normal, node.Input[1]], null, bias ? null : node.Output[0]);
        if (bias) w.Emit("Add", [scaled, node.Input[2]], null, node.Output[0]);
        return true;
    }

    public static bool InstanceNormalization(NodeProto node, RestatementSite s)
    {
        var (w, rank) = (s.Write, s.Shape(node.Input[0]).Length);
        long[] channels = [-1, .. Enumerable.Repeat(1L, rank - 2)];
        var normal = Standardise(node.Input[0], [.. Enumerable.Range(2, rank - 2).Select(a => (long)a)], w.Scalar(node.Float("epsilon", 1e-5f)), w);
        w.Emit("Add", [w.Mul(normal, w.Reshape(node.Input[1], channels)), w.Reshape(node.Input[2], channels)], null, node.Output[0]);
        return true;
    }

    // Scale and bias per group in opset 18, per channel from 21 on.
    public static bool GroupNormalization(NodeProto node, RestatementSite s)
    {
        var (w, shape) = (s.Write, s.Shape(node.Input[0]));
        var groups = node.Int("num_groups", 1);
        var perGroup = s.Opset < 21;
        var parts = w.Reshape(node.Input[0], [shape[0], groups, shape[1] / groups, -1]);
        var normal = Standardise(parts, [2, 3], w.Scalar(node.Float("epsilon", 1e-5f)), w);
        long[] affine = perGroup ? [groups, 1, 1] : [groups, shape[1] / groups, 1];
        var y = w.Add(w.Mul(normal, w.Reshape(node.Input[1], affine)), w.Reshape(node.Input[2], affine));
        w.Reshape(y, shape, node.Output[0]);
        return true;
    }

    // y = x (k + alpha / n sum of x^2 over n neighbouring channels)^-beta
    public static bool LocalResponse(NodeProto node, RestatementSite s)
    {
        var (w, x, shape) = (s.Write, node.Input[0], s.Shape(node.Input[0]));
        var size = node.Int("size", 1);
        var ones = w.Floats([1, 1, size, 1], [.. Enumerable.Repeat(1.0, (int)size)]);
        var rows = w.Reshape(w.Mul(x, x), [shape[0], 1, shape[1], -1]);
        var sums = w.Emit("Conv", [rows, ones], n =>
        {
            n.Set("kernel_shape", size, 1);
            n.Set("pads", (size - 1) / 2, 0, size / 2, 0);
        });
        var scale = w.Add(w.Scale(w.Reshape(sums, shape), node.Float("alpha", 1e-4f) / size), w.Scalar(node.Float("bias", 1)));
        w.Emit("Mul", [x, w.Emit("Pow", [scale, w.Scalar(-node.Float("beta", 0.75f))])], null, node.Output[0]);
        return true;
    }

    // (x - mean) / sqrt(var + eps)
    static string Standardise(string x, long[] axes, string epsilon, NodeWriter w) => Standardise(x, axes, epsilon, w, out _, out _);

    static string Standardise(string x, long[] axes, string epsilon, NodeWriter w, out string mean, out string variance)
    {
        mean = w.ReduceMean(x, axes, keep: true);
        var centred = w.Sub(x, mean);
        variance = w.ReduceMean(w.Mul(centred, centred), axes, keep: true);
        return w.Div(centred, w.Unary("Sqrt", w.Add(variance, epsilon)));
    }
}
