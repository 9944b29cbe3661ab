using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Gradients.Rules;

/// <summary>Gradients of arithmetic with broadcasting. Symbols: a, b inputs, y output, dy its gradient.</summary>
static class ArithmeticRules
{
    public static void Add(NodeProto node, string dy, GradientTape t)
    {
        t.GiveBroadcast(node, 0, () => dy);
        t.GiveBroadcast(node, 1, () => dy);
    }

    public static void Sub(NodeProto node, string dy, GradientTape t)
    {
        t.GiveBroadcast(node, 0, () => dy);
        t.GiveBroadcast(node, 1, () => t.Write.Neg(dy));
    }

    public static void Mul(NodeProto node, string dy, GradientTape t)
    {
        t.GiveBroadcast(node, 0, () => t.Write.Mul(dy, node.Input[1]));
        t.GiveBroadcast(node, 1, () => t.Write.Mul(dy, node.Input[0]));
    }

    // da = dy / b, db = -dy y / b
    public static void Div(NodeProto node, string dy, GradientTape t)
    {
        var b = node.Input[1];
        t.GiveBroadcast(node, 0, () => t.Write.Div(dy, b));
        t.GiveBroadcast(node, 1, () => t.Write.Neg(t.Write.Div(t.Write.Mul(dy, node.Output[0]), b)));
    }

    // da = dy b a^(b-1), db = dy y ln a
    public static void Pow(NodeProto node, string dy, GradientTape t)
    {
        var (w, a, b) = (t.Write, node.Input[0], node.Input[1]);
        if (t.Type(b) != t.Type(a)) b = w.Cast(b, t.Type(a));
        t.GiveBroadcast(node, 0, () => w.Mul(dy, w.Mul(b, w.Emit("Pow", [a, w.Sub(b, w.Scalar(1))]))));
        t.GiveBroadcast(node, 1, () => w.Mul(dy, w.Mul(node.Output[0], w.Unary("Log", a))));
    }

    public static void Neg(NodeProto node, string dy, GradientTape t) => t.Give(node, 0, () => t.Write.Neg(dy));

    // dx = -dy y^2
    public static void Reciprocal(NodeProto node, string dy, GradientTape t) =>
        t.Give(node, 0, () => t.Write.Neg(t.Write.Mul(dy, t.Write.Mul(node.Output[0], node.Output[0]))));

    public static void Sum(NodeProto node, string dy, GradientTape t)
    {
        for (var i = 0; i < node.Input.Count; i++) t.GiveBroadcast(node, i, () => dy);
    }

    /// <summary>Max and Min: the gradient goes to the input that was chosen, in equal parts where several were.</summary>
    public static void Extreme(NodeProto node, string dy, GradientTape t)
    {
        var w = t.Write;
        string[] chosen = [.. node.Input.Select(i => w.Number(w.Emit("Equal", [i, node.Output[0]])))];
        var share = w.Div(dy, chosen.Aggregate(w.Add));
        for (var i = 0; i < chosen.Length; i++) t.GiveBroadcast(node, i, () => w.Mul(share, chosen[i]));
    }

    public static void Where(NodeProto node, string dy, GradientTape t)
    {
        var w = t.Write;
        t.GiveBroadcast(node, 1, () => w.Where(node.Input[0], dy, w.Scalar(0)));
        t.GiveBroadcast(node, 2, () => w.Where(node.Input[0], w.Scalar(0), dy));
    }

    public static void Cast(NodeProto node, string dy, GradientTape t) =>
        t.Give(node, 0, () => t.Write.Cast(dy, t.Type(node.Input[0])));

    public static void Identity(NodeProto node, string dy, GradientTape t) => t.Give(node, 0, () => dy);
}
