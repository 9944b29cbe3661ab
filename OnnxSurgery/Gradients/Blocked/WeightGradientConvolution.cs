using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Gradients.Blocked;

/// <summary>
/// The convolution that makes the gradient of a convolution's weights: images are its channels, and the gradient of the
/// output is its kernel. The blocks are then blocks of images.
/// </summary>
static class WeightGradientConvolution
{
    /// <summary>Writes it, if the images fill whole blocks.</summary>
    /// <param name="node">The convolution of the two transposed tensors.</param>
    /// <param name="x">The layer's input [N, in, H, W].</param>
    /// <param name="dy">The gradient of the layer's output [N, out, h, w].</param>
    /// <param name="layout">Forms of all tensors.</param>
    public static bool TryWrite(NodeProto node, string x, string dy, BlockedLayout layout)
    {
        var (xs, ys, b) = (layout.Shape(x), layout.Shape(dy), (long)BlockedKernels.Block);
        var (images, outs) = (xs[0], BlockedLayout.Filled(ys[1]));
        if (images % b != 0) return false;
        var (w, n) = (layout.Write, images / b);
        var pads = node.Ints("pads") ?? [0, 0, 0, 0];

        // Input as [in, N/B, H, W, B], padded here: the kernel's own padding is slow where most windows touch it.
        string turned;
        long ins;
        if (xs[1] < b)
        {
            ins = xs[1];
            var rows = layout.Emit("ReorderInput", [w.Reshape(layout.RequirePlain(x), [n, b, ins * xs[2], xs[3]])]);
            turned = w.Transpose(w.Reshape(rows, [n, ins, xs[2] * xs[3], b]), 1, 0, 2, 3);
        }
        else
        {
            ins = BlockedLayout.Filled(xs[1]);
            var rows = layout.Emit("ReorderInput", [w.Reshape(layout.RequireBlocked(x), [n, b, ins * xs[2], xs[3]])]);
            turned = w.Transpose(w.Reshape(rows, [n, ins / b, xs[2] * xs[3], b, b]), 1, 3, 0, 2, 4);
        }
        turned = w.Pad(w.Reshape(turned, [ins, n, xs[2], xs[3], b]), [0, 0, pads[0], pads[1], 0], [0, 0, pads[2], pads[3], 0]);
        turned = w.Reshape(turned, [ins, images, xs[2] + pads[0] + pads[2], xs[3] + pads[1] + pads[3]]);

        // Kernel as [out/B, N/B, h, w, B of images, B of channels].
        var kernel = w.Reshape(layout.RequireBlocked(dy), [n, b, outs / b, ys[2] * ys[3], b]);
        kernel = w.Reshape(w.Transpose(kernel, 2, 0, 3, 1, 4), [outs, images, ys[2], ys[3]]);

        var result = layout.Emit("Conv", [turned, kernel], c =>
        {
            c.Set("kernel_shape", ys[2], ys[3]);
            if (node.Find("strides") is { } strides) c.Attribute.Add(strides.Clone());
            if (node.Find("dilations") is { } dilations) c.Attribute.Add(dilations.Clone());
        });
        var plain = layout.Emit("ReorderOutput", [result], r => r.Set("channels", ys[1]), ins == xs[1] ? node.Output[0] : null);
        if (ins != xs[1]) w.Slice(plain, [0], [xs[1]], [0], [1], node.Output[0]);
        return true;
    }
}
