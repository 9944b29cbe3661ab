using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Gradients.Rules;

/// <summary>Gradients of functions of one number. At a kink the gradient is that of the flatter side.</summary>
static class FunctionRules
{
    public static void Exp(NodeProto node, string dy, GradientTape t) => t.Give(node, 0, () => t.Write.Mul(dy, node.Output[0]));

    public static void Log(NodeProto node, string dy, GradientTape t) => t.Give(node, 0, () => t.Write.Div(dy, node.Input[0]));

    // dx = dy / (2 y)
    public static void Sqrt(NodeProto node, string dy, GradientTape t) =>
        t.Give(node, 0, () => t.Write.Div(t.Write.Scale(dy, 0.5), node.Output[0]));

    public static void Abs(NodeProto node, string dy, GradientTape t) =>
        t.Give(node, 0, () => t.Write.Mul(dy, t.Write.Unary("Sign", node.Input[0])));

    // dx = dy 2/sqrt(pi) exp(-x^2)
    public static void Erf(NodeProto node, string dy, GradientTape t) => t.Give(node, 0, () =>
    {
        var (w, x) = (t.Write, node.Input[0]);
        return w.Mul(w.Scale(dy, 2 / Math.Sqrt(Math.PI)), w.Unary("Exp", w.Neg(w.Mul(x, x))));
    });

    public static void Sin(NodeProto node, string dy, GradientTape t) =>
        t.Give(node, 0, () => t.Write.Mul(dy, t.Write.Unary("Cos", node.Input[0])));

    public static void Cos(NodeProto node, string dy, GradientTape t) =>
        t.Give(node, 0, () => t.Write.Neg(t.Write.Mul(dy, t.Write.Unary("Sin", node.Input[0]))));

    // dx = dy y (1 - y)
    public static void Sigmoid(NodeProto node, string dy, GradientTape t) => t.Give(node, 0, () =>
    {
        var (w, y) = (t.Write, node.Output[0]);
        return w.Mul(dy, w.Mul(y, w.Sub(w.Scalar(1), y)));
    });

    // dx = dy (1 - y^2)
    public static void Tanh(NodeProto node, string dy, GradientTape t) => t.Give(node, 0, () =>
    {
        var (w, y) = (t.Write, node.Output[0]);
        return w.Mul(dy, w.Sub(w.Scalar(1), w.Mul(y, y)));
    });

    public static void Softplus(NodeProto node, string dy, GradientTape t) =>
        t.Give(node, 0, () => t.Write.Mul(dy, t.Write.Unary("Sigmoid", node.Input[0])));

    // Read off the output: the input is then not needed any more.
    public static void Relu(NodeProto node, string dy, GradientTape t) =>
        t.Give(node, 0, () => t.Write.Mul(dy, Positive(t, node.Output[0])));

    // dx = dy (alpha + (1 - alpha) [x > 0])
    public static void LeakyRelu(NodeProto node, string dy, GradientTape t) => t.Give(node, 0, () =>
    {
        var (w, alpha) = (t.Write, (double)node.Float("alpha", 0.01f));
        return w.Mul(dy, w.Add(w.Scale(Positive(t, node.Input[0]), 1 - alpha), w.Scalar(alpha)));
    });

    // dx = dy (m + (1 - m) s), ds = dy (1 - m) x with m = [x > 0]
    public static void PRelu(NodeProto node, string dy, GradientTape t)
    {
        var (w, x, s) = (t.Write, node.Input[0], node.Input[1]);
        var m = Positive(t, x);
        var other = w.Sub(w.Scalar(1), m);
        t.Give(node, 0, () => w.Mul(dy, w.Add(m, w.Mul(other, s))));
        t.GiveBroadcast(node, 1, () => w.Mul(dy, w.Mul(other, x)));
    }

    // y = alpha (exp(x) - 1) below zero, so that dx = dy (y + alpha) there
    public static void Elu(NodeProto node, string dy, GradientTape t) => t.Give(node, 0, () =>
    {
        var w = t.Write;
        var below = w.Add(node.Output[0], w.Scalar(node.Float("alpha", 1)));
        return w.Mul(dy, w.Where(w.Emit("Greater", [node.Input[0], w.Scalar(0)]), w.Scalar(1), below));
    });

    public static void Clip(NodeProto node, string dy, GradientTape t) => t.Give(node, 0, () =>
    {
        var w = t.Write;
        string? Bound(int i) => i < node.Input.Count && node.Input[i].Length > 0 ? node.Input[i] : null;
        if (Bound(1) is { } low) dy = w.Mul(dy, w.Number(w.Emit("Greater", [node.Input[0], low])));
        if (Bound(2) is { } high) dy = w.Mul(dy, w.Number(w.Emit("Less", [node.Input[0], high])));
        return dy;
    });

    static string Positive(GradientTape t, string x) => t.Write.Number(t.Write.Emit("Greater", [x, t.Write.Scalar(0)]));
}
