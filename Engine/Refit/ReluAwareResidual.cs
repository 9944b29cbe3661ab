using OnnxEdit.Engine.Linear;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Refit;

/// <summary>
/// Nodes that run a linear unit with given folded weights and compare it with its target. Where a Relu follows and
/// the original value is not positive, any non-positive prediction is right, so only what exceeds zero counts
/// (the asymmetric nonlinear reconstruction of Zhang et al. 2016).
/// </summary>
static class ReluAwareResidual
{
    /// <summary>
    /// Adds the unit's operator with weights W [M, K] (file order) and bias b [M] to a graph; returns its output name.
    /// </summary>
    public static string AddUnit(GraphProto graph, LinearUnit unit, string input, float[,] weights, float[]? bias, long[] weightDims, string name)
    {
        var node = new NodeProto { OpType = unit.IsConv ? "Conv" : "MatMul" };
        var flat = new float[weights.Length];
        var (m, k) = (weights.GetLength(0), weights.GetLength(1));
        for (var o = 0; o < m; o++)
            for (var i = 0; i < k; i++) flat[unit.IsConv ? o * k + i : i * m + o] = weights[o, i];
        long[] dims = unit.IsConv ? [m, .. weightDims.Skip(1)] : [k, m];
        graph.Initializer.Add(TensorData.FromFloats($"{name}_w", dims, flat));
        node.Input.AddRange([input, $"{name}_w"]);
        if (unit.IsConv) node.Attribute.AddRange(unit.Node.Attribute.Select(a => a.Clone()));
        if (bias is not null) graph.Initializer.Add(TensorData.FromFloats($"{name}_b", [m], bias));
        if (bias is not null && unit.IsConv) node.Input.Add($"{name}_b");
        node.Output.Add(bias is not null && !unit.IsConv ? $"{name}_product" : name);
        graph.Node.Add(node);
        if (bias is not null && !unit.IsConv) graph.Node.Add(NodeAttributes.Node("Add", [$"{name}_product", $"{name}_b"], [name]));
        return name;
    }

    /// <summary>
    /// Adds r = target - prediction; with <paramref name="original"/> (the original value before the Relu, the other
    /// operand of a sum included) r = -max(prediction + other, 0) where that value is not positive.
    /// </summary>
    /// <returns>Name of the residual.</returns>
    public static string AddResidual(GraphProto graph, string prediction, string target, string? original)
    {
        graph.Node.Add(NodeAttributes.Node("Sub", [target, prediction], ["r_plain"]));
        if (original is null) return "r_plain";
        graph.Initializer.Add(TensorData.FromFloats("r_zero", [], [0f]));
        graph.Node.Add(NodeAttributes.Node("Sub", [original, "r_plain"], ["r_sum"]));
        graph.Node.Add(NodeAttributes.Node("Relu", ["r_sum"], ["r_over"]));
        graph.Node.Add(NodeAttributes.Node("Neg", ["r_over"], ["r_under"]));
        graph.Node.Add(NodeAttributes.Node("LessOrEqual", [original, "r_zero"], ["r_off"]));
        graph.Node.Add(NodeAttributes.Node("Where", ["r_off", "r_under", "r_plain"], ["r_aware"]));
        return "r_aware";
    }

    /// <summary>Adds inputs for the target and, if needed, the original value.</summary>
    public static void AddInputs(GraphProto graph, int rank, bool reluAware)
    {
        InternalGraph.Input(graph, "target", DataType.Float, rank);
        if (reluAware) InternalGraph.Input(graph, "original", DataType.Float, rank);
    }
}
