using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Model;

/// <summary>A tensor stored in a model and the name to call it by in a message.</summary>
/// <param name="Tensor">The stored tensor.</param>
/// <param name="Name">The initializer's name; for a tensor in a node's attribute, the node's first output.</param>
readonly record struct StoredTensor(TensorProto Tensor, string Name);

/// <summary>Every tensor stored in a model: initializers, node attributes, sub-graphs, functions.</summary>
static class TensorWalk
{
    internal static IEnumerable<StoredTensor> All(ModelProto model)
    {
        if (model.Graph is not null)
            foreach (var t in All(model.Graph)) yield return t;
        foreach (var function in model.Functions)
            foreach (var t in function.Node.SelectMany(All)) yield return t;
        foreach (var training in model.TrainingInfo)
            foreach (var graph in new[] { training.Initialization, training.Algorithm })
                if (graph is not null)
                    foreach (var t in All(graph)) yield return t;
    }

    static IEnumerable<StoredTensor> All(GraphProto graph)
    {
        foreach (var t in graph.Initializer) yield return new(t, t.Name);
        foreach (var t in graph.SparseInitializer.SelectMany(s => Parts(s, s.Values?.Name ?? ""))) yield return t;
        foreach (var t in graph.Node.SelectMany(All)) yield return t;
    }

    static IEnumerable<StoredTensor> All(NodeProto node)
    {
        var name = node.Output.FirstOrDefault(o => o.Length > 0) ?? node.Name;
        foreach (var a in node.Attribute)
        {
            if (a.T is not null) yield return new(a.T, name);
            foreach (var t in a.Tensors) yield return new(t, name);
            if (a.SparseTensor is not null)
                foreach (var t in Parts(a.SparseTensor, name)) yield return t;
            foreach (var t in a.SparseTensors.SelectMany(s => Parts(s, name))) yield return t;
            if (a.G is not null)
                foreach (var t in All(a.G)) yield return t;
            foreach (var t in a.Graphs.SelectMany(All)) yield return t;
        }
    }

    static IEnumerable<StoredTensor> Parts(SparseTensorProto sparse, string name)
    {
        if (sparse.Values is not null) yield return new(sparse.Values, name);
        if (sparse.Indices is not null) yield return new(sparse.Indices, name);
    }
}
