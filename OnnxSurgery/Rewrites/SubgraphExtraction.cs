using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Rewrites;

/// <summary>
/// Cuts the part of a graph between some tensors and others out as a model of its own. Each tensor has one maker there: where
/// a node that is needed for one of its outputs also makes a tensor that is given, the given one is what others read.
/// </summary>
static class SubgraphExtraction
{
    // No exporter writes a name like this.
    const string Again = "/onnxedit.again";

    /// <summary>The smallest model that computes <paramref name="wanted"/> from <paramref name="given"/>.</summary>
    /// <param name="model">The model to cut from; its nodes and initializers are copied.</param>
    /// <param name="trace">Its traced shapes (element types and ranks of the new inputs).</param>
    /// <param name="given">Tensors that become inputs, those not needed excepted.</param>
    /// <param name="wanted">Tensors that become outputs; each must be made by a node not cut away.</param>
    /// <exception cref="OnnxSurgeryException">A wanted tensor needs something that is neither given nor computable.</exception>
    public static ModelProto Between(ModelProto model, ShapeTrace trace, IReadOnlyCollection<string> given, IReadOnlyCollection<string> wanted)
    {
        var index = new GraphIndex(model.Graph);
        var nodes = new HashSet<NodeProto>(ReferenceEqualityComparer.Instance);
        var inputs = new SortedSet<string>(StringComparer.Ordinal);
        var initializers = new SortedSet<string>(StringComparer.Ordinal);
        var pending = new Stack<string>(wanted);
        while (pending.TryPop(out var tensor))
        {
            if (given.Contains(tensor)) inputs.Add(tensor);
            else if (index.Initializer(tensor) is not null) initializers.Add(tensor);
            else if (index.Producer(tensor) is { } node)
            {
                if (!nodes.Add(node)) continue;
                foreach (var i in node.Input.Concat(GraphIndex.Captures(node)).Where(i => i.Length > 0)) pending.Push(i);
            }
            else throw new OnnxSurgeryException($"Tensor '{tensor}' cannot be computed from the tensors at hand.");
        }

        var part = new ModelProto { IrVersion = model.IrVersion, ProducerName = OrtRuntime.OwnProducer, Graph = new GraphProto { Name = model.Graph.Name } };
        part.OpsetImport.AddRange(model.OpsetImport.Select(o => o.Clone()));
        part.Functions.AddRange(model.Functions.Select(f => f.Clone()));
        part.Graph.Node.AddRange(model.Graph.Node.Where(nodes.Contains).Select(n => Making(n, given)));
        part.Graph.Initializer.AddRange(initializers.Select(i => index.Initializer(i)!));
        foreach (var name in inputs) part.Graph.Input.Add(Input(name, trace));
        foreach (var name in wanted) part.Graph.Output.Add(new ValueInfoProto { Name = name });
        return part;
    }

    // The node with what it makes of given tensors under names that nobody reads.
    static NodeProto Making(NodeProto node, IReadOnlyCollection<string> given)
    {
        var copy = node.Clone();
        for (var o = 0; o < copy.Output.Count; o++)
            if (copy.Output[o].Length > 0 && given.Contains(copy.Output[o])) copy.Output[o] += Again;
        return copy;
    }

    static ValueInfoProto Input(string name, ShapeTrace trace)
    {
        var type = new TypeProto.Types.Tensor { ElemType = (int)trace.ElementType(name), Shape = new TensorShapeProto() };
        // Sizes are left open: the edited network has fewer channels than the traced one.
        for (var a = 0; a < trace.Shape(name).Length; a++)
            type.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = $"{name}_{a}" });
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = type } };
    }
}
