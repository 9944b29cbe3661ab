using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Gradients.Rules;

/// <summary>Gradients of operators that move data: the same elements moved back.</summary>
static class MovementGradients
{
    public static void Reshape(NodeProto node, string dy, GradientTape t) =>
        t.Give(node, 0, () => t.Write.Reshape(dy, t.Shape(node.Input[0])));

    public static void Transpose(NodeProto node, string dy, GradientTape t) => t.Give(node, 0, () =>
    {
        var rank = t.Shape(node.Input[0]).Length;
        var order = node.Ints("perm") ?? [.. Enumerable.Range(0, rank).Select(a => (long)(rank - 1 - a))];
        var back = new long[rank];
        for (var a = 0; a < rank; a++) back[order[a]] = a;
        return t.Write.Transpose(dy, back);
    });

    public static void Expand(NodeProto node, string dy, GradientTape t) => t.GiveBroadcast(node, 0, () => dy);

    public static void Concat(NodeProto node, string dy, GradientTape t)
    {
        var axis = node.Int("axis", 0);
        if (axis < 0) axis += t.Shape(node.Output[0]).Length;
        long at = 0;
        for (var i = 0; i < node.Input.Count; i++)
        {
            var (from, to) = (at, at + t.Shape(node.Input[i])[axis]);
            t.Give(node, i, () => t.Write.Slice(dy, [from], [to], [axis], [1]));
            at = to;
        }
    }

    /// <summary>Slice: zeros around, and between where it took steps.</summary>
    public static void Slice(NodeProto node, string dy, GradientTape t) => t.Give(node, 0, () =>
    {
        var (w, from, to) = (t.Write, t.Shape(node.Input[0]), t.Shape(node.Output[0]));
        var (start, step) = Places(node, t, from);
        // Backwards is forwards, read backwards.
        dy = w.Flip(dy, [.. Enumerable.Range(0, from.Length).Where(a => step[a] < 0).Select(a => (long)a)]);
        for (var a = 0; a < from.Length; a++)
            if (step[a] < 0) (start[a], step[a]) = (start[a] + (to[a] - 1) * step[a], -step[a]);
        for (var a = from.Length - 1; a >= 0; a--)
            if (step[a] > 1) (dy, to) = Spaced(dy, to, a, step[a], w);
        return w.Pad(dy, start, [.. from.Select((d, a) => d - start[a] - to[a])]);
    });

    /// <summary>Pad with a constant: what was added is cut off, what was cropped becomes zero.</summary>
    public static void Pad(NodeProto node, string dy, GradientTape t) => t.Give(node, 0, () =>
    {
        var pads = t.Integers(node.Input[1]);
        var rank = pads.Length / 2;
        return t.Write.Pad(dy, [.. pads[..rank].Select(p => -p)], [.. pads[rank..].Select(p => -p)]);
    });

    // Zeros after every element along an axis; along the last one a product with zeros and ones is much faster than Pad.
    static (string, long[]) Spaced(string x, long[] shape, int axis, long step, NodeWriter w)
    {
        long[] wide = [.. shape];
        wide[axis] *= step;
        if (axis < shape.Length - 1)
        {
            long[] split = [.. shape[..(axis + 1)], 1, shape[(axis + 1)..].Aggregate(1L, (a, b) => a * b)];
            var after = new long[split.Length];
            after[axis + 1] = step - 1;
            return (w.Reshape(w.Pad(w.Reshape(x, split), new long[split.Length], after), wide), wide);
        }
        var places = new double[shape[axis] * wide[axis]];
        for (long i = 0; i < shape[axis]; i++) places[i * wide[axis] + i * step] = 1;
        var rows = w.Reshape(x, [-1, shape[axis]]);
        return (w.Reshape(w.MatMul(rows, w.Floats([shape[axis], wide[axis]], places)), wide), wide);
    }

    // First index and step along every axis, as the operator clamps them.
    static (long[] Start, long[] Step) Places(NodeProto node, GradientTape t, long[] shape)
    {
        var starts = t.Integers(node.Input[1]);
        var axes = node.Input.Count > 3 && node.Input[3].Length > 0 ? t.Integers(node.Input[3]) : [.. Enumerable.Range(0, starts.Length).Select(a => (long)a)];
        var steps = node.Input.Count > 4 && node.Input[4].Length > 0 ? t.Integers(node.Input[4]) : [.. starts.Select(_ => 1L)];
        var start = new long[shape.Length];
        var step = Enumerable.Repeat(1L, shape.Length).ToArray();
        for (var i = 0; i < starts.Length; i++)
        {
            var a = axes[i] < 0 ? axes[i] + shape.Length : axes[i];
            var first = starts[i] < 0 ? starts[i] + shape[a] : starts[i];
            (start[a], step[a]) = (Math.Clamp(first, 0, steps[i] < 0 ? shape[a] - 1 : shape[a]), steps[i]);
        }
        return (start, step);
    }
}
