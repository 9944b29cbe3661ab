using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Gradients.Rules;

/// <summary>Gradients of matrix products.</summary>
static class LinearGradients
{
    // da = dy b', db = a' dy, summed over what was broadcast
    public static void MatMul(NodeProto node, string dy, GradientTape t)
    {
        var (w, a, b) = (t.Write, node.Input[0], node.Input[1]);
        var (sa, sb, sy) = (t.Shape(a), t.Shape(b), t.Shape(node.Output[0]));
        t.Give(node, 0, () => t.Fit(w.MatMul(dy, Turned(w, b, sb.Length)), [.. sy[..^1], sa[^1]], sa));
        t.Give(node, 1, () => sb.Length == 2 && sa.Length > 2
            // One product over all rows instead of one per matrix.
            ? w.MatMul(Turned(w, w.Reshape(a, [-1, sa[^1]]), 2), w.Reshape(dy, [-1, sy[^1]]))
            : t.Fit(w.MatMul(Turned(w, a, sa.Length), dy), [.. sy[..^2], sb[^2], sb[^1]], sb));
    }

    // y = alpha op(a) op(b) + beta c
    public static void Gemm(NodeProto node, string dy, GradientTape t)
    {
        var (a, b) = (node.Input[0], node.Input[1]);
        var (turnA, turnB) = (node.Int("transA", 0) != 0, node.Int("transB", 0) != 0);
        var alpha = node.Float("alpha", 1);
        string Product(string left, bool turnLeft, string right, bool turnRight) => t.Write.Emit("Gemm", [left, right], n =>
        {
            n.Set("alpha", alpha);
            n.Set("transA", turnLeft ? 1 : 0);
            n.Set("transB", turnRight ? 1 : 0);
        });
        t.Give(node, 0, () => turnA ? Product(b, turnB, dy, true) : Product(dy, false, b, !turnB));
        t.Give(node, 1, () => turnB ? Product(dy, true, a, turnA) : Product(a, !turnA, dy, false));
        t.GiveBroadcast(node, 2, () => t.Write.Scale(dy, node.Float("beta", 1)));
    }

    static string Turned(NodeWriter w, string x, int rank)
    {
        long[] order = [.. Enumerable.Range(0, rank).Select(a => (long)a)];
        (order[^1], order[^2]) = (order[^2], order[^1]);
        return w.Transpose(x, order);
    }
}
