using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Gradients.Forms;

/// <summary>Movements of data by Reshape, Transpose, Slice, Gather and Expand.</summary>
static class MovementForms
{
    public static bool Reshaping(NodeProto node, RestatementSite s)
    {
        s.Write.Reshape(node.Input[0], s.Shape(node.Output[0]), node.Output[0]);
        return true;
    }

    /// <summary>Products with a vector as products of matrices.</summary>
    public static bool MatMul(NodeProto node, RestatementSite s)
    {
        var (a, b) = (s.Shape(node.Input[0]), s.Shape(node.Input[1]));
        if (a.Length > 1 && b.Length > 1) return false;
        var w = s.Write;
        var left = a.Length > 1 ? node.Input[0] : w.Reshape(node.Input[0], [1, a[0]]);
        var right = b.Length > 1 ? node.Input[1] : w.Reshape(node.Input[1], [b[0], 1]);
        w.Reshape(w.MatMul(left, right), s.Shape(node.Output[0]), node.Output[0]);
        return true;
    }

    public static bool Split(NodeProto node, RestatementSite s)
    {
        var axis = node.Int("axis", 0);
        if (axis < 0) axis += s.Shape(node.Input[0]).Length;
        long at = 0;
        foreach (var output in node.Output)
        {
            var size = s.Shape(output)[axis];
            s.Write.Slice(node.Input[0], [at], [at + size], [axis], [1], output);
            at += size;
        }
        return true;
    }

    public static bool Slice(NodeProto node, RestatementSite s)
    {
        if (s.Opset >= 10) return false;
        var (starts, ends) = (node.Ints("starts")!, node.Ints("ends")!);
        var axes = node.Ints("axes") ?? [.. Enumerable.Range(0, starts.Length).Select(a => (long)a)];
        s.Write.Slice(node.Input[0], starts, ends, axes, [.. starts.Select(_ => 1L)], node.Output[0]);
        return true;
    }

    /// <summary>Padding with a constant as it is written today; every other padding picks elements.</summary>
    public static bool Pad(NodeProto node, RestatementSite s)
    {
        var (w, shape) = (s.Write, s.Shape(node.Input[0]));
        var given = s.Integers(node, "pads", 1)!;
        var pads = new long[2 * shape.Length];
        var axes = RestatementSite.Has(node, 3) ? s.Integers(node, "axes", 3)! : [.. Enumerable.Range(0, shape.Length).Select(a => (long)a)];
        for (var i = 0; i < axes.Length; i++)
        {
            var a = axes[i] < 0 ? axes[i] + shape.Length : axes[i];
            (pads[a], pads[a + shape.Length]) = (given[i], given[i + axes.Length]);
        }
        var mode = node.Text("mode", "constant");
        if (mode == "constant")
        {
            var value = RestatementSite.Has(node, 2) ? node.Input[2] : w.Scalar(node.Float("value", 0));
            w.Emit("Pad", [node.Input[0], w.Ints(pads), value], null, node.Output[0]);
            return true;
        }
        var x = node.Input[0];
        for (var a = 0; a < shape.Length; a++)
        {
            var (before, after, size, axis) = (pads[a], pads[a + shape.Length], shape[a], a);
            if (before == 0 && after == 0) continue;
            long[] picked = [.. Enumerable.Range(0, (int)(before + size + after)).Select(p => Mirrored(p - before, size, mode))];
            x = w.Emit("Gather", [x, w.Ints(picked)], n => n.Set("axis", axis));
        }
        w.Emit("Identity", [x], null, node.Output[0]);
        return true;
    }

    public static bool Tile(NodeProto node, RestatementSite s)
    {
        var (w, from, to) = (s.Write, s.Shape(node.Input[0]), s.Shape(node.Output[0]));
        var parts = w.Reshape(node.Input[0], [.. from.SelectMany(d => (long[])[1, d])]);
        w.Reshape(w.Expand(parts, [.. from.SelectMany((d, a) => (long[])[to[a] / d, d])]), to, node.Output[0]);
        return true;
    }

    public static bool DepthToSpace(NodeProto node, RestatementSite s)
    {
        var (w, x, b) = (s.Write, s.Shape(node.Input[0]), node.Int("blocksize", 1));
        var byColumn = node.Text("mode", "DCR") == "CRD";
        var depth = x[1] / (b * b);
        var parts = w.Reshape(node.Input[0], byColumn ? [x[0], depth, b, b, x[2], x[3]] : [x[0], b, b, depth, x[2], x[3]]);
        w.Reshape(byColumn ? w.Transpose(parts, 0, 1, 4, 2, 5, 3) : w.Transpose(parts, 0, 3, 4, 1, 5, 2), s.Shape(node.Output[0]), node.Output[0]);
        return true;
    }

    public static bool SpaceToDepth(NodeProto node, RestatementSite s)
    {
        var (w, x, b) = (s.Write, s.Shape(node.Input[0]), node.Int("blocksize", 1));
        var parts = w.Reshape(node.Input[0], [x[0], x[1], x[2] / b, b, x[3] / b, b]);
        w.Reshape(w.Transpose(parts, 0, 3, 5, 1, 2, 4), s.Shape(node.Output[0]), node.Output[0]);
        return true;
    }

    // Where an index outside of 0..size-1 reads from.
    static long Mirrored(long at, long size, string mode)
    {
        if (mode == "edge") return Math.Clamp(at, 0, size - 1);
        if (mode == "wrap") return (at % size + size) % size;
        if (size == 1) return 0;
        var period = 2 * (size - 1);
        at = (at % period + period) % period;
        return at < size ? at : period - at;
    }
}
