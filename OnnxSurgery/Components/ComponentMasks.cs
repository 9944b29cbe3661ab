using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Surgery;

/// <summary>
/// Adds an input to a model that says which components are there: 1 keeps a component, 0 puts its constant in its place,
/// and what lies between mixes the two. The convolution's own bias is moved behind the mask, so that the constant costs
/// no pass of its own: y' = m (Wx + b - c) + c.
/// </summary>
public static class ComponentMasks
{
    /// <summary>Name of the new input, float [examples, components].</summary>
    public const string Input = "onnxedit_mask";

    /// <summary>A copy of the model with the mask input.</summary>
    /// <param name="model">The model that was searched.</param>
    /// <param name="components">Its components.</param>
    /// <param name="constants">What stands for an ablated component.</param>
    /// <param name="shared">True: one mask for all examples of a run, [1, components].</param>
    public static ModelProto Insert(NormalisedModel model, ComponentMap components, ComponentConstants constants, bool shared)
    {
        var copy = model.Proto.Clone();
        var graph = copy.Graph;
        var at = ComponentAblation.Copies(model.Proto.Graph, graph);
        var type = new TypeProto.Types.Tensor { ElemType = (int)DataType.Float, Shape = new TensorShapeProto() };
        type.Shape.Dim.Add(shared ? new TensorShapeProto.Types.Dimension { DimValue = 1 } : BatchOf(model));
        type.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = components.Count });
        for (var l = 0; l < components.Layers.Count; l++)
        {
            var layer = components.Layers[l];
            List<NodeProto> added = [];
            var write = new NodeWriter(added, graph) { Type = (DataType)model.Trace.ElementType(layer.Tensor) };
            var mask = MaskOf(write, components, l, model.Trace.Shape(layer.Tensor).Length);
            Apply(at[layer.Node], layer, mask, constants.Of(l), model, write);
            var position = graph.Node.IndexOf(at[layer.Node]);
            for (var i = 0; i < added.Count; i++) graph.Node.Insert(position + 1 + i, added[i]);
        }
        graph.Input.Add(new ValueInfoProto { Name = Input, Type = new TypeProto { TensorType = type } });
        return copy;
    }

    static TensorShapeProto.Types.Dimension BatchOf(NormalisedModel model)
    {
        var input = model.Index.Inputs[0];
        return model.Trace.BatchAxis(input.Name) is var axis and >= 0
            ? input.Type.TensorType.Shape.Dim[axis].Clone()
            : new TensorShapeProto.Types.Dimension { DimValue = model.Trace.Batch };
    }

    // [examples, 1, ..., places, ..., 1]: this layer's part of the mask.
    static string MaskOf(NodeWriter write, ComponentMap components, int layer, int rank)
    {
        var l = components.Layers[layer];
        var first = components.First(layer);
        // Of all operators that could pick it, Gather alone looks the same in every opset.
        var part = write.Emit("Gather", [Input, write.Ints([.. Enumerable.Range(0, l.Count * l.Width).Select(i => (long)(first + i / l.Width))])], n => n.Set("axis", 1L));
        if (write.Type != DataType.Float) part = write.Cast(part, write.Type);
        long[] shape = [.. Enumerable.Repeat(1L, rank)];
        (shape[0], shape[l.Axis]) = (l.Axis == 0 ? l.Count * l.Width : -1, l.Count * l.Width);
        return write.Reshape(part, shape);
    }

    // The node makes another tensor now, and its old output is what comes out behind the mask.
    static void Apply(NodeProto node, ComponentLayer layer, string mask, IReadOnlyList<float> constants, NormalisedModel model, NodeWriter write)
    {
        var output = node.Output[0];
        var bias = ComponentConstants.Bias(model, layer);
        long[] shape = [.. Enumerable.Repeat(1L, model.Trace.Shape(layer.Tensor).Length)];
        shape[layer.Axis] = constants.Count;
        var inner = node.Output[0] = write.Fresh("bare");
        var rest = bias.Zip(constants, (b, c) => (double)b - c).ToArray();
        if (bias.Any(b => b != 0))
        {
            // The bias goes; what of it is masked comes back with it.
            if (rest.All(r => r == 0)) node.Input.RemoveAt(2);
            else node.Input[2] = write.Floats([constants.Count], rest);
            if (node.OpType == "Gemm") node.Set("beta", 1f);
        }
        else if (constants.Any(c => c != 0)) inner = write.Add(inner, write.Floats(shape, rest));
        if (constants.All(c => c == 0))
        {
            write.Emit("Mul", [inner, mask], null, output);
            return;
        }
        write.Emit("Add", [write.Mul(inner, mask), write.Floats(shape, [.. constants.Select(c => (double)c)])], null, output);
    }
}
