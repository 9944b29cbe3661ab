using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Gradients;

/// <summary>Weights as inputs of a graph, so that they can change between two runs of one session.</summary>
static class WeightInputs
{
    /// <summary>Turns initializers into inputs of the same name, shape and type, in the order given.</summary>
    /// <param name="graph">Changed in place.</param>
    /// <param name="names">Initializers.</param>
    /// <returns>Their values.</returns>
    /// <exception cref="OnnxSurgeryException">No initializer has that name.</exception>
    public static IReadOnlyList<TensorProto> Expose(GraphProto graph, IEnumerable<string> names)
    {
        List<TensorProto> values = [];
        foreach (var name in names)
        {
            var tensor = graph.Initializer.FirstOrDefault(t => t.Name == name)
                ?? throw new OnnxSurgeryException($"The model has no stored weight '{name}' to make an input of.");
            graph.Initializer.Remove(tensor);
            if (graph.Input.FirstOrDefault(i => i.Name == name) is { } listed) graph.Input.Remove(listed);
            var type = new TypeProto.Types.Tensor { ElemType = tensor.DataType, Shape = new TensorShapeProto() };
            type.Shape.Dim.AddRange(tensor.Dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
            graph.Input.Add(new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = type } });
            values.Add(tensor);
        }
        return values;
    }

    /// <summary>
    /// The trained parameters of a graph: float constants that linear operators, normalisations and PRelu read as weights,
    /// and arrays that are added or multiplied; running statistics are none. In graph order.
    /// </summary>
    public static IReadOnlyList<string> Trainable(GraphProto graph)
    {
        var index = new GraphIndex(graph);
        List<string> names = [];
        HashSet<string> seen = [];
        foreach (var node in graph.Node)
            for (var i = 0; i < node.Input.Count; i++)
                if (index.Initializer(node.Input[i]) is { } tensor && TensorData.IsFloat(tensor)
                    && (WeightRoles.IsWeight(node, i) || (node.IsStandard() && WeightRoles.IsArray(node, i) && TensorData.ElementCount(tensor) > 1))
                    && seen.Add(tensor.Name))
                    names.Add(tensor.Name);
        return names;
    }
}
