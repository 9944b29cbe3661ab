namespace OnnxEdit.Surgery.Model.Counting;

/// <summary>Convolutions and matrix products.</summary>
static class LinearMacs
{
    /// <summary>A convolution: its weights [M, C/g, k...] at every place of the output [N, M, places...].</summary>
    /// <param name="weight">Input with the weights.</param>
    public static MacTable.Rule Convolution(int weight) => sizes => [new(1, [.. sizes.OutputAxes(without: 1), sizes.Whole(weight)])];

    /// <summary>A transposed convolution: its weights [C, M/g, k...] at every place of the input [N, C, places...].</summary>
    public static IReadOnlyList<MacTerm> Transposed(NodeSizes sizes) => [new(1, [.. sizes.InputAxes(0, without: 1), sizes.Whole(1)])];

    /// <summary>A matrix product: every element of the result is a sum of as many products as the inner axis is long.</summary>
    /// <param name="right">Input with the right operand.</param>
    public static MacTable.Rule Product(int right) => sizes => Product(sizes, right, ^1, sizes.Input(right).Count > 1 ? ^2 : ^1);

    /// <summary>Gemm and its kind, whose operands may be stored transposed.</summary>
    /// <param name="right">Input with the right operand.</param>
    public static MacTable.Rule Gemm(int right) => sizes => Product(sizes, right, Turned(sizes, "transA") ? ^2 : ^1, Turned(sizes, "transB") ? ^1 : ^2);

    /// <summary>FusedMatMul: operands may be stored transposed, and with the batch between the axes of the matrix.</summary>
    public static IReadOnlyList<MacTerm> FusedMatMul(NodeSizes sizes) => Product(sizes, 1,
        Turned(sizes, "transA") ? Turned(sizes, "transBatchA") ? 0 : ^2 : ^1,
        Turned(sizes, "transB") ? ^1 : Turned(sizes, "transBatchB") ? 0 : ^2);

    /// <summary>A product by columns packed in blocks of few bits: all of the input for each of them.</summary>
    public static IReadOnlyList<MacTerm> PackedColumns(NodeSizes sizes) => [new(1, [.. sizes.InputAxes(0), sizes.OutputAxis(^1)])];

    static bool Turned(NodeSizes sizes, string attribute) => sizes.Node.Int(attribute, 0) != 0;

    // The inner axis is taken from the side that is computed: there channels are known by the axis.
    static IReadOnlyList<MacTerm> Product(NodeSizes sizes, int right, Index leftInner, Index rightInner) =>
        [new(1, [.. sizes.OutputAxes(), sizes.IsConstant(0) ? sizes.InputAxis(right, rightInner) : sizes.InputAxis(0, leftInner)])];
}
