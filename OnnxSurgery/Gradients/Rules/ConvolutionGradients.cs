using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Gradients.Rules;

/// <summary>
/// Gradients of convolutions, all of them convolutions again: of any rank, with strides, dilations, pads and groups.
/// Pads are explicit here (<see cref="Restatements"/> sees to that).
/// </summary>
static class ConvolutionGradients
{
    public static void Conv(NodeProto node, string dy, GradientTape t)
    {
        var (x, w) = (node.Input[0], node.Input[1]);
        var window = new Window(node, t.Shape(w));
        t.Give(node, 0, () => ToInput(window, dy, w, t.Shape(x), t.Shape(w), t.Shape(node.Output[0]), t.Write));
        t.Give(node, 1, () => ToWeights(window, x, dy, t.Shape(x), t.Shape(node.Output[0]), t.Shape(w), t.Write));
        t.Give(node, 2, () => ToBias(dy, window.Rank, t.Write));
    }

    // The transposed convolution is the adjoint of the convolution with the same weights: input and output change places.
    public static void ConvTranspose(NodeProto node, string dy, GradientTape t)
    {
        var (x, w) = (node.Input[0], node.Input[1]);
        var window = new Window(node, t.Shape(w));
        t.Give(node, 0, () => t.Write.Emit("Conv", [dy, w], n => window.Set(n)));
        t.Give(node, 1, () => ToWeights(window, dy, x, t.Shape(node.Output[0]), t.Shape(x), t.Shape(w), t.Write));
        t.Give(node, 2, () => ToBias(dy, window.Rank, t.Write));
    }

    static string ToBias(string dy, int rank, NodeWriter w) => w.ReduceSum(dy, [0, .. Enumerable.Range(2, rank).Select(a => (long)a)], keep: false);

    static string ToInput(Window c, string dy, string weights, long[] x, long[] w, long[] y, NodeWriter write)
    {
        var pads = Enumerable.Range(0, 2 * c.Rank).Select(i => c.Dilations[i % c.Rank] * (c.Kernel[i % c.Rank] - 1) - c.Pads[i]).ToArray();
        if (c.Strides.All(s => s == 1) && pads.All(p => p >= 0))
        {
            // Without strides it is a plain convolution with flipped weights, which is faster.
            var turned = write.Flip(SwapChannels(weights, w, c.Groups, write), [.. Enumerable.Range(2, c.Rank).Where(a => w[a] > 1).Select(a => (long)a)]);
            return write.Emit("Conv", [dy, turned], n => (c with { Pads = pads }).Set(n));
        }
        var missing = Enumerable.Range(0, c.Rank).Select(a =>
            x[a + 2] - ((y[a + 2] - 1) * c.Strides[a] + (c.Kernel[a] - 1) * c.Dilations[a] + 1 - c.Pads[a] - c.Pads[a + c.Rank])).ToArray();
        return write.Emit("ConvTranspose", [dy, weights], n =>
        {
            c.Set(n);
            n.Set("output_padding", missing);
        });
    }

    // Weights of the gradient: images are the channels that are summed over, channels are the images, the gradient of
    // the output is the kernel, and strides and dilations change places.
    static string ToWeights(Window c, string x, string dy, long[] xs, long[] ys, long[] ws, NodeWriter write)
    {
        var end = new long[c.Rank];
        var crop = new long[c.Rank];
        for (var a = 0; a < c.Rank; a++)
        {
            // Exactly as much padding behind as gives the kernel's extent; what a stride left over is cut off.
            var needed = (c.Kernel[a] - 1) * c.Dilations[a] + (ys[a + 2] - 1) * c.Strides[a] + 1 - xs[a + 2] - c.Pads[a];
            (end[a], crop[a]) = (Math.Max(0, needed), Math.Min(0, needed));
        }
        if (crop.Any(p => p < 0)) x = write.Pad(x, new long[c.Rank + 2], [0, 0, .. crop]);
        long[] spatial = [.. Enumerable.Range(0, c.Rank).Select(a => xs[a + 2] + crop[a])];
        var (n, g) = (xs[0], c.Groups);
        if (g == 1) x = write.Transpose(x, [1, 0, .. Axes(2, c.Rank)]);
        else
        {
            x = write.Transpose(write.Reshape(x, [n, g, xs[1] / g, .. spatial]), [2, 1, 0, .. Axes(3, c.Rank)]);
            x = write.Reshape(x, [xs[1] / g, g * n, .. spatial]);
        }
        var kernel = write.Transpose(dy, [1, 0, .. Axes(2, c.Rank)]);
        var turned = write.Emit("Conv", [x, kernel], node =>
            new Window(ys[2..], c.Dilations, c.Strides, [.. c.Pads[..c.Rank], .. end], g).Set(node));
        return write.Transpose(turned, [1, 0, .. Axes(2, c.Rank)]);
    }

    // [out, in/g, ...] to [in, out/g, ...]
    static string SwapChannels(string weights, long[] w, long groups, NodeWriter write)
    {
        if (groups == 1) return write.Transpose(weights, [1, 0, .. Axes(2, w.Length - 2)]);
        if (w[1] == 1 && w[0] == groups) return weights;
        var parts = write.Reshape(weights, [groups, w[0] / groups, .. w[1..]]);
        return write.Reshape(write.Transpose(parts, [0, 2, 1, .. Axes(3, w.Length - 2)]), [groups * w[1], w[0] / groups, .. w[2..]]);
    }

    static IEnumerable<long> Axes(int first, int count) => Enumerable.Range(first, count).Select(a => (long)a);

    // Geometry of a convolution; Pads are those before each axis, then those after.
    sealed record Window(long[] Kernel, long[] Strides, long[] Dilations, long[] Pads, long Groups)
    {
        public Window(NodeProto node, long[] weights) : this(
            weights[2..],
            node.Ints("strides") ?? Ones(weights.Length - 2),
            node.Ints("dilations") ?? Ones(weights.Length - 2),
            node.Ints("pads") ?? new long[2 * (weights.Length - 2)],
            node.Int("group", 1))
        {
        }

        public int Rank => Kernel.Length;

        public void Set(NodeProto node)
        {
            node.Set("kernel_shape", Kernel);
            node.Set("strides", Strides);
            node.Set("dilations", Dilations);
            node.Set("pads", Pads);
            node.Set("group", Groups);
        }

        static long[] Ones(int count) => [.. Enumerable.Repeat(1L, count)];
    }
}
