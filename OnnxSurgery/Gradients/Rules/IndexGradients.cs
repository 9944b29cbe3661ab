using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Gradients.Rules;

/// <summary>Gradients of picking and putting elements by index. Indices themselves have none.</summary>
static class IndexGradients
{
    public static void Gather(NodeProto node, string dy, GradientTape t) => t.Give(node, 0, () =>
    {
        var (w, shape) = (t.Write, t.Shape(node.Input[0]));
        var axis = (int)node.Int("axis", 0);
        if (axis < 0) axis += shape.Length;
        long Product(IEnumerable<long> dims) => dims.Aggregate(1L, (a, b) => a * b);
        var (before, after, picked) = (Product(shape[..axis]), Product(shape[(axis + 1)..]), Product(t.Shape(node.Input[1])));
        var indices = w.Expand(w.Reshape(node.Input[1], [1, picked, 1]), [before, picked, after]);
        return w.Reshape(w.ScatterAdd([before, shape[axis], after], indices, w.Reshape(dy, [before, picked, after]), 1), shape);
    });

    public static void GatherElements(NodeProto node, string dy, GradientTape t) =>
        t.Give(node, 0, () => t.Write.ScatterAdd(t.Shape(node.Input[0]), node.Input[1], dy, node.Int("axis", 0)));

    /// <summary>ScatterElements, writing or adding; with other reductions there is no rule.</summary>
    public static void ScatterElements(NodeProto node, string dy, GradientTape t)
    {
        var w = t.Write;
        var (axis, reduction) = (node.Int("axis", 0), node.Text("reduction", "none"));
        if (reduction is not ("none" or "add"))
            throw new OnnxSurgeryException($"ScatterElements '{node.Output[0]}' reduces by '{reduction}', whose gradient is not known here; only 'none' and 'add' are.");
        t.Give(node, 0, () => reduction == "add" ? dy
            : w.Emit("ScatterElements", [dy, node.Input[1], w.Fill(t.Shape(node.Input[2]), 0)], n => n.Set("axis", axis)));
        t.Give(node, 2, () => w.Emit("GatherElements", [dy, node.Input[1]], n => n.Set("axis", axis)));
    }
}
