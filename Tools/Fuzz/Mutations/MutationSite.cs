using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Fuzz.Mutations;

/// <summary>A model to damage, and ways to draw parts of it.</summary>
sealed class MutationSite(ModelProto model, Philox4x32 random)
{
    public ModelProto Model => model;
    public GraphProto Graph => model.Graph;
    public Philox4x32 Random => random;

    /// <summary>An element, or null when there is none.</summary>
    public T? Pick<T>(IReadOnlyList<T> items) => items.Count == 0 ? default : items[random.NextInt(items.Count)];

    public NodeProto? Node() => Pick(Graph.Node);

    public TensorProto? Initializer() => Pick(Graph.Initializer);

    /// <summary>A node of these operators, or any when there is none.</summary>
    public NodeProto? Node(params string[] ops) => Pick([.. Graph.Node.Where(n => ops.Contains(n.OpType))]) ?? Node();

    /// <summary>An initializer of integers, or any.</summary>
    public TensorProto? IntegerInitializer() =>
        Pick([.. Graph.Initializer.Where(t => t.DataType is (int)TensorProto.Types.DataType.Int64 or (int)TensorProto.Types.DataType.Int32)]) ?? Initializer();

    /// <summary>The name of any tensor.</summary>
    public string Tensor()
    {
        var node = Node();
        return (random.NextInt(3) switch
        {
            0 => Initializer()?.Name,
            1 => Pick(Graph.Input)?.Name,
            _ => node is null ? null : Pick(node.Output),
        }) ?? Pick(node?.Output ?? []) ?? "none";
    }

    /// <summary>A name that nothing has yet.</summary>
    public string Fresh() => $"fuzz_{random.NextUInt32():x8}";
}
