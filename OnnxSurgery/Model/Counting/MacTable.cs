using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Model.Counting;

/// <summary>The table operator -> multiply-accumulates. Operators that are not in it count none.</summary>
static class MacTable
{
    const string Microsoft = "com.microsoft";

    /// <summary>The work of a node in the run that the sizes are of.</summary>
    /// <exception cref="UnknownSizeException">A size is not known.</exception>
    public delegate IReadOnlyList<MacTerm> Rule(NodeSizes sizes);

    static readonly Dictionary<(string Domain, string Name), Rule> _table = new()
    {
        [("", "Conv")] = LinearMacs.Convolution(1),
        [("", "ConvInteger")] = LinearMacs.Convolution(1),
        [("", "DeformConv")] = LinearMacs.Convolution(1),
        [("", "QLinearConv")] = LinearMacs.Convolution(3),
        [("", "ConvTranspose")] = LinearMacs.Transposed,
        [("", "MatMul")] = LinearMacs.Product(1),
        [("", "MatMulInteger")] = LinearMacs.Product(1),
        [("", "QLinearMatMul")] = LinearMacs.Product(3),
        [("", "Gemm")] = LinearMacs.Gemm(1),
        [("", "Einsum")] = EinsumMacs.Of,
        [("", "Attention")] = AttentionMacs.Standard,
        [("", "LSTM")] = RecurrentMacs.Of,
        [("", "GRU")] = RecurrentMacs.Of,
        [("", "RNN")] = RecurrentMacs.Of,
        [(Microsoft, "FusedConv")] = LinearMacs.Convolution(1),
        [(Microsoft, "FusedGemm")] = LinearMacs.Gemm(1),
        [(Microsoft, "QGemm")] = LinearMacs.Gemm(3),
        [(Microsoft, "FusedMatMul")] = LinearMacs.FusedMatMul,
        [(Microsoft, "DynamicQuantizeMatMul")] = LinearMacs.Product(1),
        [(Microsoft, "MatMulIntegerToFloat")] = LinearMacs.Product(1),
        [(Microsoft, "MatMulNBits")] = LinearMacs.PackedColumns,
        [(Microsoft, "MatMulBnb4")] = LinearMacs.PackedColumns,
        [(Microsoft, "Attention")] = AttentionMacs.Packed,
        [(Microsoft, "MultiHeadAttention")] = AttentionMacs.MultiHead,
        [(Microsoft, "GroupQueryAttention")] = AttentionMacs.Grouped,
        [(Microsoft, "DynamicQuantizeLSTM")] = RecurrentMacs.Of,
    };

    /// <summary>How the work of a node is counted; null where it multiplies nothing.</summary>
    public static Rule? For(NodeProto node) => For(node.IsStandard() ? "" : node.Domain, node.OpType);

    /// <inheritdoc cref="For(NodeProto)"/>
    public static Rule? For(string domain, string name) => _table.GetValueOrDefault((domain, name));
}
