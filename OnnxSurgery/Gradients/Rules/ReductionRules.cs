using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Gradients.Rules;

/// <summary>Gradients of sums, means and extremes along axes, and of Softmax.</summary>
static class ReductionRules
{
    public static void ReduceSum(NodeProto node, string dy, GradientTape t) => t.Give(node, 0, () => Spread(node, dy, t));

    public static void ReduceMean(NodeProto node, string dy, GradientTape t) => t.Give(node, 0, () =>
        Spread(node, t.Write.Scale(dy, (double)Count(t.Shape(node.Output[0])) / Count(t.Shape(node.Input[0]))), t));

    /// <summary>ReduceMax and ReduceMin: to the places that hold the extreme, in equal parts.</summary>
    public static void ReduceExtreme(NodeProto node, string dy, GradientTape t) => t.Give(node, 0, () =>
    {
        var (w, kept) = (t.Write, Kept(node, t));
        var chosen = w.Number(w.Emit("Equal", [node.Input[0], w.Reshape(node.Output[0], kept)]));
        long[] axes = [.. Enumerable.Range(0, kept.Length).Where(a => kept[a] != t.Shape(node.Input[0])[a]).Select(a => (long)a)];
        var number = axes.Length == 0 ? chosen : w.ReduceSum(chosen, axes, keep: true);
        return w.Mul(chosen, w.Div(w.Reshape(dy, kept), number));
    });

    // dx = y (dy - sum(dy y))
    public static void Softmax(NodeProto node, string dy, GradientTape t) => t.Give(node, 0, () =>
    {
        var (w, y) = (t.Write, node.Output[0]);
        return w.Mul(y, w.Sub(dy, w.ReduceSum(w.Mul(dy, y), [node.Int("axis", -1)], keep: true)));
    });

    // dx = dy - exp(y) sum(dy)
    public static void LogSoftmax(NodeProto node, string dy, GradientTape t) => t.Give(node, 0, () =>
    {
        var (w, y) = (t.Write, node.Output[0]);
        return w.Sub(dy, w.Mul(w.Unary("Exp", y), w.ReduceSum(dy, [node.Int("axis", -1)], keep: true)));
    });

    static string Spread(NodeProto node, string dy, GradientTape t) =>
        t.Write.Expand(t.Write.Reshape(dy, Kept(node, t)), t.Shape(node.Input[0]));

    // The output's shape with the reduced axes kept as ones.
    static long[] Kept(NodeProto node, GradientTape t)
    {
        var (from, to) = (t.Shape(node.Input[0]), t.Shape(node.Output[0]));
        if (from.Length == to.Length) return to;
        var axes = node.OpType == "ReduceSum"
            ? node.Input.Count > 1 && node.Input[1].Length > 0 ? t.Integers(node.Input[1]) : null
            : node.Ints("axes");
        if (axes is null || axes.Length == 0) return [.. from.Select(_ => 1L)];
        var reduced = axes.Select(a => a < 0 ? a + from.Length : a).ToHashSet();
        return [.. from.Select((d, a) => reduced.Contains(a) ? 1 : d)];
    }

    static long Count(long[] shape) => shape.Aggregate(1L, (a, b) => a * b);
}
