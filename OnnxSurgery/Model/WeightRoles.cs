using System.Collections.Frozen;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Surgery.Model;

/// <summary>Which inputs of which operators carry trained parameters.</summary>
static class WeightRoles
{
    /// <summary>Inputs whose constants are parameters whatever their size and type. A new operator is one line here.</summary>
    static readonly FrozenDictionary<string, int[]> _weights = new Dictionary<string, int[]>
    {
        ["Conv"] = [1, 2],
        ["ConvTranspose"] = [1, 2],
        ["DeformConv"] = [1, 3],
        ["Gemm"] = [0, 1, 2],
        ["MatMul"] = [0, 1],
        ["Einsum"] = [0, 1, 2, 3],
        ["BatchNormalization"] = [1, 2],
        ["InstanceNormalization"] = [1, 2],
        ["LayerNormalization"] = [1, 2],
        ["RMSNormalization"] = [1],
        ["GroupNormalization"] = [1, 2],
        ["PRelu"] = [1],
        ["LSTM"] = [1, 2, 3, 7],
        ["GRU"] = [1, 2, 3],
        ["RNN"] = [1, 2, 3],
        ["ConvInteger"] = [1],
        ["MatMulInteger"] = [0, 1],
        ["QLinearConv"] = [3, 8],
        ["QLinearMatMul"] = [0, 3],
    }.ToFrozenDictionary();

    /// <summary>Inputs whose constants are parameters when they have more than one element: biases, scales, embeddings, tokens.</summary>
    static readonly FrozenDictionary<string, Range> _arrays = new Dictionary<string, Range>
    {
        ["Add"] = ..,
        ["Sub"] = ..,
        ["Mul"] = ..,
        ["Div"] = ..,
        ["Concat"] = ..,
        ["Gather"] = ..1,
    }.ToFrozenDictionary();

    /// <summary>Operators that hand a constant on under another name; the weight is their first input.</summary>
    static readonly FrozenSet<string> _passing = FrozenSet.Create("Identity", "Cast", "Transpose", "Reshape", "Squeeze",
        "Unsqueeze", "Flatten", "Expand", "DequantizeLinear");

    /// <summary>True for an input that is a weight, bias, gamma, beta or slope by the operator's definition.</summary>
    internal static bool IsWeight(NodeProto node, int input) =>
        node.IsStandard() && _weights.TryGetValue(node.OpType, out var indices) && indices.Contains(input);

    /// <summary>
    /// True for an input that is a parameter when it is a float tensor of several elements. Operators of other
    /// domains have no table: every such tensor of theirs counts.
    /// </summary>
    internal static bool IsArray(NodeProto node, int input) =>
        !node.IsStandard()
        || (_arrays.TryGetValue(node.OpType, out var range) && (range.End.IsFromEnd || input < range.End.Value));

    /// <summary>Floats, or integers of at most 8 bits: never indices or shapes.</summary>
    internal static bool IsLearnable(DataType type) => type is DataType.Float or DataType.Float16 or DataType.Bfloat16 or DataType.Double
        or DataType.Int8 or DataType.Uint8 or DataType.Int4 or DataType.Uint4 or DataType.Float4E2M1
        or DataType.Float8E4M3Fn or DataType.Float8E4M3Fnuz or DataType.Float8E5M2 or DataType.Float8E5M2Fnuz;

    /// <summary>True when the first output is the first input's constant in another form.</summary>
    internal static bool PassesOn(NodeProto node) => node.IsStandard() && _passing.Contains(node.OpType);

    /// <summary>
    /// Names of tensors that must not hold infinities: those read directly as weights or running statistics,
    /// sub-graphs included.
    /// </summary>
    internal static HashSet<string> InfinityFree(GraphProto graph)
    {
        HashSet<string> names = [];
        foreach (var node in graph.Node)
        {
            for (var i = 0; i < node.Input.Count; i++)
                if (IsWeight(node, i) || (node.OpType == "BatchNormalization" && i > 0)) names.Add(node.Input[i]);
            foreach (var a in node.Attribute)
            {
                if (a.G is not null) names.UnionWith(InfinityFree(a.G));
                foreach (var g in a.Graphs) names.UnionWith(InfinityFree(g));
            }
        }
        return names;
    }
}
