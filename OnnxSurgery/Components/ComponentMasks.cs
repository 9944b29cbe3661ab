using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Surgery.Components;

/// <summary>
/// Adds an input to a model that says which components are there: 1 keeps a component, 0 puts its constant in its place,
/// and what lies between mixes the two. The convolution's own bias is moved behind the mask, so that the constant costs
/// no pass of its own: y' = m (Wx + b - c) + c.
/// </summary>
static class ComponentMasks
{
    /// <summary>Name of the new input, float [examples, components].</summary>
    public const string Input = "onnxedit_mask";

    /// <summary>Name of an input that is added to the outputs of components, behind their masks, float [examples, components].</summary>
    public const string Shift = "onnxedit_shift";

    /// <summary>A copy of the model with the mask input.</summary>
    /// <param name="model">The model that was searched.</param>
    /// <param name="components">Its components.</param>
    /// <param name="constants">What stands for an ablated component.</param>
    /// <param name="shared">True: one mask for all examples of a run, [1, components].</param>
    /// <param name="shifted">True: with the input <see cref="Shift"/> beside it.</param>
    public static ModelProto Insert(NormalisedModel model, ComponentMap components, ComponentConstants constants, bool shared, bool shifted = false)
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
            var rank = model.Trace.Shape(layer.Tensor).Length;
            var shift = shifted ? Part(Shift, write, components, l, rank) : null;
            Apply(at[layer.Node], layer, Part(Input, write, components, l, rank), shift, constants.Of(l), model, write);
            var position = graph.Node.IndexOf(at[layer.Node]);
            for (var i = 0; i < added.Count; i++) graph.Node.Insert(position + 1 + i, added[i]);
        }
        graph.Input.Add(new ValueInfoProto { Name = Input, Type = new TypeProto { TensorType = type } });
        if (shifted) graph.Input.Add(new ValueInfoProto { Name = Shift, Type = new TypeProto { TensorType = type.Clone() } });
        return copy;
    }

    static TensorShapeProto.Types.Dimension BatchOf(NormalisedModel model)
    {
        var input = model.Index.Inputs[0];
        return model.Trace.BatchAxis(input.Name) is var axis and >= 0
            ? input.Type.TensorType.Shape.Dim[axis].Clone()
            : new TensorShapeProto.Types.Dimension { DimValue = model.Trace.Batch };
    }

    // [examples, 1, ..., places, ..., 1]: this layer's part of the mask, or of the shift.
    static string Part(string input, NodeWriter write, ComponentMap components, int layer, int rank)
    {
        var l = components.Layers[layer];
        var first = components.First(layer);
        // Of all operators that could pick it, Gather alone looks the same in every opset.
        var part = write.Emit("Gather", [input, write.Ints([.. Enumerable.Range(0, l.Count * l.Width).Select(i => (long)(first + i / l.Width))])], n => n.Set("axis", 1L));
        if (write.Type != DataType.Float) part = write.Cast(part, write.Type);
        long[] shape = [.. Enumerable.Repeat(1L, rank)];
        (shape[0], shape[l.Axis]) = (l.Axis == 0 ? l.Count * l.Width : -1, l.Count * l.Width);
        return write.Reshape(part, shape);
    }

    // The node makes another tensor now, and its old output is what comes out behind the mask.
    static void Apply(NodeProto node, ComponentLayer layer, string mask, string? shift, IReadOnlyList<float> constants, NormalisedModel model, NodeWriter write)
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
        List<string> terms = [];
        if (constants.Any(c => c != 0)) terms.Add(write.Floats(shape, [.. constants.Select(c => (double)c)]));
        if (shift is not null) terms.Add(shift);
        if (terms.Count == 0)
        {
            write.Emit("Mul", [inner, mask], null, output);
            return;
        }
        var sum = write.Mul(inner, mask);
        if (terms.Count == 2) sum = write.Add(sum, terms[0]);
        write.Emit("Add", [sum, terms[^1]], null, output);
    }
}
