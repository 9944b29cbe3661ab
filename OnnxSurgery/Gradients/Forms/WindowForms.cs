using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Gradients.Forms;

/// <summary>Convolutions and poolings with explicit pads; averages as convolutions.</summary>
static class WindowForms
{
    public static bool Conv(NodeProto node, RestatementSite s)
    {
        if (node.Text("auto_pad", "NOTSET") is "NOTSET" or "") return false;
        var kernel = node.Ints("kernel_shape") ?? s.Shape(node.Input[1])[2..];
        s.Write.Add(Explicit(node, Implied(node, s.Shape(node.Input[0]), s.Shape(node.Output[0]), kernel)));
        return true;
    }

    // y = (x - 1) stride + output_padding + (k - 1) dilation + 1 - pads
    public static bool ConvTranspose(NodeProto node, RestatementSite s)
    {
        if (node.Text("auto_pad", "NOTSET") is "NOTSET" or "" && node.Ints("output_shape") is null) return false;
        var (x, y, kernel) = (s.Shape(node.Input[0]), s.Shape(node.Output[0]), s.Shape(node.Input[1])[2..]);
        var rank = kernel.Length;
        var (strides, dilations, extra) = (Each(node, "strides", rank, 1), Each(node, "dilations", rank, 1), Each(node, "output_padding", rank, 0));
        var pads = new long[2 * rank];
        for (var a = 0; a < rank; a++)
        {
            var total = (x[a + 2] - 1) * strides[a] + extra[a] + (kernel[a] - 1) * dilations[a] + 1 - y[a + 2];
            // A larger output than the windows reach is padding behind.
            if (total < 0) (extra[a], total) = (extra[a] - total, 0);
            var small = total / 2;
            pads[a] = node.Text("auto_pad", "NOTSET") == "SAME_UPPER" ? small : total - small;
            pads[a + rank] = total - pads[a];
        }
        var copy = Explicit(node, pads);
        if (copy.Find("output_shape") is { } given) copy.Attribute.Remove(given);
        copy.Set("output_padding", extra);
        s.Write.Add(copy);
        return true;
    }

    /// <summary>With explicit pads, and with the places of the maxima as a second output.</summary>
    public static bool MaxPool(NodeProto node, RestatementSite s)
    {
        if (node.Int("storage_order", 0) != 0) throw s.Unsupported(node, "it counts places by column");
        var kernel = node.Ints("kernel_shape")!;
        var copy = node.Text("auto_pad", "NOTSET") is "NOTSET" or "" ? node.Clone()
            : Explicit(node, Implied(node, s.Shape(node.Input[0]), s.Shape(node.Output[0]), kernel));
        while (copy.Output.Count < 2) copy.Output.Add("");
        if (copy.Output[1].Length == 0) copy.Output[1] = s.Write.Fresh("places");
        s.Write.Add(copy);
        return true;
    }

    /// <summary>A convolution of every channel with equal weights, divided by how many places each window has.</summary>
    public static bool AveragePool(NodeProto node, RestatementSite s)
    {
        var (w, x, y) = (s.Write, s.Shape(node.Input[0]), s.Shape(node.Output[0]));
        var kernel = node.Ints("kernel_shape")!;
        var rank = kernel.Length;
        var (strides, dilations) = (Each(node, "strides", rank, 1), Each(node, "dilations", rank, 1));
        var pads = node.Text("auto_pad", "NOTSET") is "NOTSET" or "" ? Each(node, "pads", 2 * rank, 0) : Implied(node, x, y, kernel);
        var given = (long[])pads.Clone();
        // With ceil_mode the last windows may reach beyond the padding.
        for (var a = 0; a < rank; a++)
            pads[a + rank] = Math.Max(pads[a + rank], (y[a + 2] - 1) * strides[a] + (kernel[a] - 1) * dilations[a] + 1 - x[a + 2] - pads[a]);
        var counted = node.Int("count_include_pad", 0) != 0;
        var counts = new long[rank][];
        for (var a = 0; a < rank; a++)
        {
            var (low, high) = counted ? (-given[a], x[a + 2] + given[a + rank]) : (0, x[a + 2]);
            counts[a] = [.. Enumerable.Range(0, (int)y[a + 2]).Select(p => (long)Enumerable.Range(0, (int)kernel[a])
                .Count(k => p * strides[a] - pads[a] + k * dilations[a] is var at && at >= low && at < high))];
        }
        var places = kernel.Aggregate(1L, (m, n) => m * n);
        var full = counts.All(c => c.Distinct().Count() == 1);
        var weight = full ? 1.0 / counts.Aggregate(1L, (m, c) => m * c[0]) : 1;
        var ones = w.Floats([1, 1, .. kernel], [.. Enumerable.Repeat(weight, (int)places)]);
        var sums = w.Emit("Conv", [w.Reshape(node.Input[0], [x[0] * x[1], 1, .. x[2..]]), ones], n =>
        {
            n.Set("kernel_shape", kernel);
            n.Set("strides", strides);
            n.Set("dilations", dilations);
            n.Set("pads", pads);
        });
        if (!full)
        {
            IEnumerable<double> inverse = [1.0];
            foreach (var c in counts) inverse = inverse.SelectMany(v => c.Select(n => v / n));
            sums = w.Mul(sums, w.Floats([1, 1, .. y[2..]], [.. inverse]));
        }
        w.Reshape(sums, y, node.Output[0]);
        return true;
    }

    public static bool GlobalPool(NodeProto node, RestatementSite s)
    {
        long[] axes = [.. Enumerable.Range(2, s.Shape(node.Input[0]).Length - 2).Select(a => (long)a)];
        s.Write.Emit(node.OpType == "GlobalMaxPool" ? "ReduceMax" : "ReduceMean", [node.Input[0]], n =>
        {
            n.Set("axes", axes);
            n.Set("keepdims", 1);
        }, node.Output[0]);
        return true;
    }

    static NodeProto Explicit(NodeProto node, long[] pads)
    {
        var copy = node.Clone();
        if (copy.Find("auto_pad") is { } mode) copy.Attribute.Remove(mode);
        copy.Set("pads", pads);
        return copy;
    }

    // The pads that auto_pad stands for, from the traced sizes.
    static long[] Implied(NodeProto node, long[] x, long[] y, long[] kernel)
    {
        var rank = kernel.Length;
        var pads = new long[2 * rank];
        var mode = node.Text("auto_pad", "NOTSET");
        if (mode == "VALID") return pads;
        var (strides, dilations) = (Each(node, "strides", rank, 1), Each(node, "dilations", rank, 1));
        for (var a = 0; a < rank; a++)
        {
            var total = Math.Max(0, (y[a + 2] - 1) * strides[a] + (kernel[a] - 1) * dilations[a] + 1 - x[a + 2]);
            pads[a] = mode == "SAME_UPPER" ? total / 2 : total - total / 2;
            pads[a + rank] = total - pads[a];
        }
        return pads;
    }

    static long[] Each(NodeProto node, string attribute, int count, long fallback) =>
        node.Ints(attribute) is { Length: > 0 } values ? values : [.. Enumerable.Repeat(fallback, count)];
}
