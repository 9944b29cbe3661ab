using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Surgery.Components;

/// <summary>
/// Masks that ONNX Runtime runs at the speed of its own convolutions, where all components are filters. Products with a mask in
/// between take convolutions apart from the activations and sums behind them, and out of the blocked layout in which they are
/// fast. Here each mask is first a depthwise 1x1 convolution with weights of one, which ONNX Runtime keeps in that layout and
/// joins with what follows; in the graph that it made of this, the ones give way to the mask of every example, with all examples
/// lying one behind the other as channels of a single one.
/// </summary>
static class MaskConvolutions
{
    // The tensor between a convolution and its mask; a node in the blocked layout has its name from the tensor that it stands for.
    const string Bare = "onnxedit_bare_of_layer_", Blocked = "_nchwc";

    /// <summary>A copy of the model with the input <see cref="ComponentMasks.Input"/>, for one batch, as ONNX Runtime optimised it for this processor.</summary>
    /// <param name="model">The model that was searched.</param>
    /// <param name="components">Its components.</param>
    /// <param name="constants">What stands for an ablated component.</param>
    /// <param name="output">Name of the output to keep.</param>
    /// <param name="batch">Examples per run.</param>
    /// <returns>The model, or null where masks cannot take this form; then <see cref="ComponentMasks.Insert"/> can be used.</returns>
    /// <exception cref="OnnxSurgeryException">ONNX Runtime refuses the model.</exception>
    public static ModelProto? Insert(NormalisedModel model, ComponentMap components, ComponentConstants constants, string output, int batch)
    {
        var input = model.Index.Inputs[0];
        if (ExecutionOptions.Current.Device == ExecutionDevice.Cuda || model.Trace.BatchAxis(input.Name) != 0 || components.Layers.Any(l => !IsFilters(model, l))) return null;
        var copy = model.Proto.Clone();
        copy.Graph.Output.Clear();
        copy.Graph.Output.Add(new ValueInfoProto { Name = output });
        copy.Graph.Input.Single(i => i.Name == input.Name).Type.TensorType.Shape.Dim[0] = new() { DimValue = batch };
        var at = ComponentAblation.Copies(model.Proto.Graph, copy.Graph);
        for (var l = 0; l < components.Layers.Count; l++) Ones(copy.Graph, at[components.Layers[l].Node], components.Layers[l], l, model, constants.Of(l));
        var optimised = OrtRuntime.Optimise(copy);
        // Before version 4 constants had to be inputs, too.
        optimised.IrVersion = Math.Max(optimised.IrVersion, 4);
        return Replace(optimised.Graph, model, components, batch) ? optimised : null;
    }

    static bool IsFilters(NormalisedModel model, ComponentLayer layer) =>
        layer.Node.OpType == "Conv" && layer.Axis == 1 && layer.Width == 1
        && model.Trace.Shape(layer.Tensor).Length == 4 && model.Trace.BatchAxis(layer.Tensor) == 0
        && (DataType)model.Trace.ElementType(layer.Tensor) == DataType.Float;

    // The convolution gives Wx + b - c, and the depthwise one behind it adds c.
    static void Ones(GraphProto graph, NodeProto node, ComponentLayer layer, int number, NormalisedModel model, IReadOnlyList<float> constants)
    {
        List<NodeProto> added = [];
        var write = new NodeWriter(added, graph);
        var output = node.Output[0];
        node.Output[0] = Bare + number;
        while (node.Input.Count > 2) node.Input.RemoveAt(2);
        var rest = ComponentConstants.Bias(model, layer).Zip(constants, (b, c) => (double)b - c).ToArray();
        if (rest.Any(r => r != 0)) node.Input.Add(write.Floats([layer.Count], rest));
        write.Emit(
            "Conv",
            [node.Output[0], write.Floats([layer.Count, 1, 1, 1], [.. Enumerable.Repeat(1.0, layer.Count)]), write.Floats([layer.Count], [.. constants.Select(c => (double)c)])],
            n =>
            {
                n.Set("group", (long)layer.Count);
                n.Set("kernel_shape", [1L, 1L]);
            },
            output);
        graph.Node.Insert(graph.Node.IndexOf(node) + 1, added[0]);
    }

    // False where the nodes are not found again.
    static bool Replace(GraphProto graph, NormalisedModel model, ComponentMap components, int batch)
    {
        var weights = graph.Initializer.ToDictionary(t => t.Name);
        for (var l = 0; l < components.Layers.Count; l++)
        {
            var (bare, blocked) = (Bare + l, graph.Node.SingleOrDefault(n => n.Name == Bare + l + Blocked)?.Output[0]);
            if (graph.Node.Where(n => n.OpType is "Conv" or "FusedConv" && (n.Input[0] == bare || n.Input[0] == blocked)).ToArray() is not [var node]) return false;
            var bias = TensorData.Floats(weights[node.Input[2]]);
            // Blocks are filled up with channels that are zero whatever their mask.
            var (count, own, first) = (bias.Length, components.Layers[l].Count, components.First(l));
            var spatial = model.Trace.Shape(components.Layers[l].Tensor).Skip(2).ToArray();
            long[] joined = [1, batch * count, .. spatial];
            List<NodeProto> before = [], after = [];
            var write = new NodeWriter(before, graph);
            var mask = write.Emit("Gather", [ComponentMasks.Input, write.Ints([.. Enumerable.Range(0, count).Select(j => (long)first + Math.Min(j, own - 1))])], n => n.Set("axis", 1L));
            // A normalisation behind the mask was folded into the ones.
            var scale = TensorData.Floats(weights[node.Input[1]]);
            if (scale.Any(s => s != 1)) mask = write.Mul(mask, write.Floats([1, count], [.. scale.Select(s => (double)s)]));
            node.Input[1] = write.Reshape(mask, [batch * count, 1, 1, 1]);
            node.Input[0] = write.Reshape(node.Input[0], joined);
            node.Input[2] = write.Floats([batch * count], [.. Enumerable.Range(0, batch).SelectMany(_ => bias).Select(v => (double)v)]);
            // What is added to the result.
            if (node.Input.Count > 3 && node.Input[3].Length > 0) node.Input[3] = write.Reshape(node.Input[3], joined);
            node.Set("group", (long)batch * count);
            var output = node.Output[0];
            node.Output[0] = write.Fresh("masked");
            new NodeWriter(after, graph).Reshape(node.Output[0], [batch, count, .. spatial], output);
            var position = graph.Node.IndexOf(node);
            for (var i = 0; i < after.Count; i++) graph.Node.Insert(position + 1 + i, after[i]);
            for (var i = 0; i < before.Count; i++) graph.Node.Insert(position + i, before[i]);
        }
        var type = new TypeProto.Types.Tensor { ElemType = (int)DataType.Float, Shape = new TensorShapeProto() };
        type.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = batch });
        type.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = components.Count });
        graph.Input.Add(new ValueInfoProto { Name = ComponentMasks.Input, Type = new TypeProto { TensorType = type } });
        return true;
    }
}
