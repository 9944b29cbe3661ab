using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Gradients.Forms;

/// <summary>Reductions with their axes spelled out, and norms by sums.</summary>
static class ReductionForms
{
    public static bool Reduce(NodeProto node, RestatementSite s)
    {
        if (Axes(node, s) is { } axes) Write(node.OpType, node.Input[0], axes, node, s.Write);
        else s.Write.Emit("Identity", [node.Input[0]], null, node.Output[0]);
        return true;
    }

    public static bool ReduceL1(NodeProto node, RestatementSite s) => Sum(node, s, x => s.Write.Unary("Abs", x), null);

    public static bool ReduceL2(NodeProto node, RestatementSite s) => Sum(node, s, x => s.Write.Mul(x, x), "Sqrt");

    public static bool ReduceSumSquare(NodeProto node, RestatementSite s) => Sum(node, s, x => s.Write.Mul(x, x), null);

    public static bool ReduceLogSum(NodeProto node, RestatementSite s) => Sum(node, s, x => x, "Log");

    // m + log(sum(exp(x - m))), m the maximum
    public static bool ReduceLogSumExp(NodeProto node, RestatementSite s)
    {
        if (Axes(node, s) is not { } axes) return false;
        var (w, x) = (s.Write, node.Input[0]);
        var most = w.Emit("ReduceMax", [x], n =>
        {
            n.Set("axes", axes);
            n.Set("keepdims", 1);
        });
        var sum = w.ReduceSum(w.Unary("Exp", w.Sub(x, most)), axes, keep: true);
        w.Reshape(w.Add(most, w.Unary("Log", sum)), s.Shape(node.Output[0]), node.Output[0]);
        return true;
    }

    // Before opset 13 the tensor was flattened to a matrix, and the rows normalised.
    public static bool Softmax(NodeProto node, RestatementSite s)
    {
        var shape = s.Shape(node.Input[0]);
        var axis = (int)node.Int("axis", s.Opset < 13 ? 1 : -1);
        if (axis < 0) axis += shape.Length;
        var w = s.Write;
        if (s.Opset >= 13 || axis == shape.Length - 1)
        {
            w.Emit(node.OpType, [node.Input[0]], n => n.Set("axis", axis), node.Output[0]);
            return true;
        }
        var rows = shape[..axis].Aggregate(1L, (a, b) => a * b);
        var flat = w.Emit(node.OpType, [w.Reshape(node.Input[0], [rows, -1])], n => n.Set("axis", 1));
        w.Reshape(flat, shape, node.Output[0]);
        return true;
    }

    static bool Sum(NodeProto node, RestatementSite s, Func<string, string> before, string? after)
    {
        if (Axes(node, s) is not { } axes) return false;
        var x = before(node.Input[0]);
        if (after is null) Write("ReduceSum", x, axes, node, s.Write);
        else s.Write.Emit(after, [s.Write.ReduceSum(x, axes, node.Int("keepdims", 1) != 0)], null, node.Output[0]);
        return true;
    }

    static void Write(string op, string x, long[] axes, NodeProto node, NodeWriter w) =>
        w.Emit(op, op == "ReduceSum" ? [x, w.Ints(axes)] : [x], n =>
        {
            if (op != "ReduceSum") n.Set("axes", axes);
            n.Set("keepdims", node.Int("keepdims", 1));
        }, node.Output[0]);

    // Null where no axes mean that nothing is reduced.
    static long[]? Axes(NodeProto node, RestatementSite s)
    {
        var rank = s.Shape(node.Input[0]).Length;
        if (s.Integers(node, "axes", 1) is { Length: > 0 } axes) return [.. axes.Select(a => a < 0 ? a + rank : a)];
        return node.Int("noop_with_empty_axes", 0) != 0 ? null : [.. Enumerable.Range(0, rank).Select(a => (long)a)];
    }
}
