using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Gradients.Forms;

/// <summary>Activations by simpler functions.</summary>
static class ActivationForms
{
    /// <summary>Nothing is dropped: gradients are those of inference.</summary>
    public static bool Dropout(NodeProto node, RestatementSite s)
    {
        if (node.Output.Skip(1).Any(o => s.Index.Consumers(o).Count > 0 || s.Index.IsOutput(o))) return false;
        s.Write.Emit("Identity", [node.Input[0]], null, node.Output[0]);
        return true;
    }

    public static bool Clip(NodeProto node, RestatementSite s)
    {
        if (s.Opset >= 11) return false;
        string Bound(string name) => node.Find(name) is { } a ? s.Write.Scalar(a.F) : "";
        s.Write.Emit("Clip", [node.Input[0], Bound("min"), Bound("max")], null, node.Output[0]);
        return true;
    }

    // max(0, min(1, alpha x + beta))
    public static bool HardSigmoid(NodeProto node, RestatementSite s)
    {
        Gate(node.Input[0], node.Float("alpha", 0.2f), node.Float("beta", 0.5f), s.Write, node.Output[0]);
        return true;
    }

    // x max(0, min(1, x / 6 + 1 / 2))
    public static bool HardSwish(NodeProto node, RestatementSite s)
    {
        s.Write.Emit("Mul", [node.Input[0], Gate(node.Input[0], 1.0 / 6, 0.5, s.Write, null)], null, node.Output[0]);
        return true;
    }

    // x sigmoid(alpha x)
    public static bool Swish(NodeProto node, RestatementSite s)
    {
        var (w, x) = (s.Write, node.Input[0]);
        w.Emit("Mul", [x, w.Unary("Sigmoid", w.Scale(x, node.Float("alpha", 1)))], null, node.Output[0]);
        return true;
    }

    // x tanh(softplus(x))
    public static bool Mish(NodeProto node, RestatementSite s)
    {
        var (w, x) = (s.Write, node.Input[0]);
        w.Emit("Mul", [x, w.Unary("Tanh", w.Unary("Softplus", x))], null, node.Output[0]);
        return true;
    }

    public static bool Selu(NodeProto node, RestatementSite s)
    {
        var w = s.Write;
        var elu = w.Emit("Elu", [node.Input[0]], n => n.Set("alpha", node.Float("alpha", 1.67326319217681884765625f)));
        w.Emit("Mul", [elu, w.Scalar(node.Float("gamma", 1.05070102214813232421875f))], null, node.Output[0]);
        return true;
    }

    // x / 2 (1 + erf(x / sqrt 2)), or tanh of a cubic for the approximation
    public static bool Gelu(NodeProto node, RestatementSite s)
    {
        var (w, x) = (s.Write, node.Input[0]);
        var bend = node.Text("approximate", "none") == "tanh"
            ? w.Unary("Tanh", w.Scale(w.Add(x, w.Scale(w.Mul(x, w.Mul(x, x)), 0.044715)), Math.Sqrt(2 / Math.PI)))
            : w.Unary("Erf", w.Scale(x, Math.Sqrt(0.5)));
        w.Emit("Mul", [w.Scale(x, 0.5), w.Add(bend, w.Scalar(1))], null, node.Output[0]);
        return true;
    }

    public static bool Mean(NodeProto node, RestatementSite s)
    {
        var sum = s.Write.Emit("Sum", node.Input);
        s.Write.Emit("Mul", [sum, s.Write.Scalar(1.0 / node.Input.Count)], null, node.Output[0]);
        return true;
    }

    static string Gate(string x, double alpha, double beta, NodeWriter w, string? output) =>
        w.Emit("Clip", [w.Add(w.Scale(x, alpha), w.Scalar(beta)), w.Scalar(0), w.Scalar(1)], null, output);
}
