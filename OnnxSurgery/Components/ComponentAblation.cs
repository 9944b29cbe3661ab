using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Surgery.Components;

/// <summary>
/// Ablates components in the weights themselves: the rows that make them become zero and the bias the constant. Heads and
/// channels of sums, which have no weights of their own, are multiplied by a constant mask. What comes out is an ordinary model.
/// </summary>
static class ComponentAblation
{
    /// <summary>A copy of the model without some components.</summary>
    /// <param name="model">The model that was searched.</param>
    /// <param name="components">Its components.</param>
    /// <param name="constants">What stands for an ablated component.</param>
    /// <param name="ablated">One flag per component.</param>
    public static ModelProto Apply(NormalisedModel model, ComponentMap components, ComponentConstants constants, IReadOnlyList<bool> ablated) =>
        Apply(model, components, constants, [.. ablated.Select(a => a ? 0f : 1f)]);

    /// <summary>A copy of the model with components ablated in whole or in part.</summary>
    /// <param name="model">The model that was searched.</param>
    /// <param name="components">Its components.</param>
    /// <param name="constants">What stands for an ablated component.</param>
    /// <param name="mask">What is left of each component: 1 all of it, 0 its constant, a mixture in between.</param>
    public static ModelProto Apply(NormalisedModel model, ComponentMap components, ComponentConstants constants, float[] mask) => Normalised(model, components, constants, mask).Proto;

    /// <summary>The same, folded and traced as the model was.</summary>
    /// <inheritdoc cref="Apply(NormalisedModel, ComponentMap, ComponentConstants, float[])"/>
    public static NormalisedModel Normalised(NormalisedModel model, ComponentMap components, ComponentConstants constants, float[] mask)
    {
        Dictionary<string, string> like = [];
        var copy = model.Proto.Clone();
        var graph = copy.Graph;
        var at = Copies(model.Proto.Graph, graph);
        for (var l = 0; l < components.Layers.Count; l++)
        {
            var layer = components.Layers[l];
            var first = components.First(l);
            float[] left = [.. Enumerable.Range(0, layer.Count * layer.Width).Select(i => mask[first + i / layer.Width])];
            if (left.All(m => m == 1)) continue;
            List<NodeProto> added = [];
            var write = new NodeWriter(added, graph) { Type = (DataType)model.Trace.ElementType(layer.Tensor) };
            var node = at[layer.Node];
            if (layer.HasWeights) ScaleRows(graph, node, left);
            if (!layer.HasWeights || node.OpType == "MatMul") Behind(node, layer, left, constants.Of(l), model, write);
            else SetBias(node, ComponentConstants.Bias(model, layer), left, constants.Of(l), write);
            var position = graph.Node.IndexOf(node);
            for (var i = 0; i < added.Count; i++) graph.Node.Insert(position + 1 + i, added[i]);
            foreach (var made in added.Prepend(node)) like[made.Output[0]] = layer.Tensor;
        }
        ConstantFolding.DropUnread(graph);
        return model.Changed(copy, like);
    }

    /// <summary>The nodes of a copied graph by those of the original.</summary>
    internal static Dictionary<NodeProto, NodeProto> Copies(GraphProto original, GraphProto copy) =>
        original.Node.Zip(copy.Node).ToDictionary(p => p.First, p => p.Second, (IEqualityComparer<NodeProto>)ReferenceEqualityComparer.Instance);

    // Under a name of its own: others may read the same weights.
    static void ScaleRows(GraphProto graph, NodeProto node, float[] left)
    {
        var weights = graph.Initializer.First(t => t.Name == node.Input[1]).Clone();
        weights.Name = new NodeWriter([], graph).Fresh("ablated");
        var values = TensorData.Floats(weights);
        var dims = weights.Dims.ToArray();
        var axis = node.OpType switch { "Conv" => 0, "ConvTranspose" => 1, "Gemm" => node.Int("transB", 0) != 0 ? 0 : 1, _ => dims.Length - 1 };
        var inner = dims.Skip(axis + 1).Aggregate(1L, (a, b) => a * b);
        // A transposed convolution numbers its outputs within each group, and groups lie along its inputs.
        var perGroup = node.OpType == "ConvTranspose" ? dims[0] / node.Int("group", 1) : long.MaxValue;
        for (var i = 0L; i < values.Length; i++)
        {
            var output = i / inner % dims[axis];
            if (perGroup != long.MaxValue) output += i / inner / dims[axis] / perGroup * dims[axis];
            // Not a product with zero, which of an infinity makes no number.
            if (left[output] != 1) values[i] = left[output] == 0 ? 0 : values[i] * left[output];
        }
        TensorData.SetFloats(weights, values);
        graph.Initializer.Add(weights);
        node.Input[1] = weights.Name;
    }

    static void SetBias(NodeProto node, float[] bias, float[] left, IReadOnlyList<float> constant, NodeWriter write)
    {
        double[] wanted = [.. bias.Select((b, i) => Mixed(left[i], b, constant[i]))];
        if (bias.Select(b => (double)b).SequenceEqual(wanted)) return;
        var name = write.Floats([wanted.Length], wanted);
        if (node.Input.Count < 3) node.Input.Add(name);
        else node.Input[2] = name;
        if (node.OpType == "Gemm") node.Set("beta", 1f);
    }

    static double Mixed(float left, float own, float constant) => left switch { 0 => constant, 1 => own, _ => (double)left * own + (1 - (double)left) * constant };

    // Nodes without a bias of their own: products and sums with constants follow, as far as they change anything.
    static void Behind(NodeProto node, ComponentLayer layer, float[] left, IReadOnlyList<float> constant, NormalisedModel model, NodeWriter write)
    {
        double[] sums = [.. left.Select((m, i) => Mixed(m, 0, constant[i]))];
        var (multiplies, adds) = (!layer.HasWeights, sums.Any(s => s != 0));
        if (!multiplies && !adds) return;
        long[] shape = [.. Enumerable.Repeat(1L, model.Trace.Shape(layer.Tensor).Length)];
        shape[layer.Axis] = left.Length;
        var output = node.Output[0];
        var inner = node.Output[0] = write.Fresh("bare");
        if (multiplies) inner = write.Emit("Mul", [inner, write.Floats(shape, [.. left.Select(m => (double)m)])], null, adds ? null : output);
        if (adds) write.Emit("Add", [inner, write.Floats(shape, sums)], null, output);
    }
}
