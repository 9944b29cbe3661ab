using OnnxEdit.Surgery.Channels.Rules;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Model.Counting;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels;

/// <summary>The table operator -> rule. A new operator is one entry here.</summary>
static class ChannelRules
{
    public delegate void Rule(NodeProto node, ChannelFlow flow);

    const string Microsoft = "com.microsoft";

    /// <summary>Every kind says whether its operators count multiply-accumulates: one that does must have a row in <see cref="MacTable"/>.</summary>
    static readonly Dictionary<string, bool> _multiplies = new()
    {
        ["linear"] = true,
        ["quantised linear"] = true,
        ["attention"] = true,
        ["recurrent"] = true,
        ["quantised"] = false,
        ["normalisation"] = false,
        ["elementwise"] = false,
        ["pooling"] = false,
        ["sampling"] = false,
        ["reduction"] = false,
        ["along an axis"] = false,
        ["movement"] = false,
        ["movement with constants"] = false,
        ["counting"] = false,
    };

    static readonly Dictionary<(string Domain, string Name), (ChannelOperator Operator, Rule Rule)> _table = [];
    static readonly Dictionary<string, string> _whyNot = [];

    static ChannelRules()
    {
        Add("linear", ConvolutionRules.Conv, "Conv");
        Add("linear", ConvolutionRules.ConvTranspose, "ConvTranspose");
        Add("linear", ConvolutionRules.DeformConv, "DeformConv");
        Add("linear", LinearRules.Gemm, "Gemm");
        Add("linear", ContractionRules.MatMul, "MatMul");
        Add("linear", ContractionRules.Einsum, "Einsum");
        Add("attention", AttentionRules.Attention, "Attention");
        Add("recurrent", RecurrentRules.Lstm, "LSTM");
        Add("recurrent", RecurrentRules.Gru, "GRU");
        Add("recurrent", RecurrentRules.Rnn, "RNN");
        Add("quantised", QuantisedRules.Linear, "QuantizeLinear", "DequantizeLinear");
        Add("quantised", QuantisedRules.Dynamic, "DynamicQuantizeLinear");
        Add("quantised linear", QuantisedRules.ConvInteger, "ConvInteger");
        Add("quantised linear", QuantisedRules.MatMulInteger, "MatMulInteger");
        Add("quantised linear", QuantisedRules.QLinearConv, "QLinearConv");
        Add("quantised linear", QuantisedRules.QLinearMatMul, "QLinearMatMul");
        Add("normalisation", NormalisationRules.BatchNormalization, "BatchNormalization");
        Add("normalisation", NormalisationRules.InstanceNormalization, "InstanceNormalization");
        Add("normalisation", NormalisationRules.GroupNormalization, "GroupNormalization");
        Add("normalisation", NormalisationRules.LayerNormalization, "LayerNormalization");
        Add("normalisation", RootMeanSquareRules.Normalise, "RMSNormalization", "SimplifiedLayerNormalization");
        Add("normalisation", NormalisationRules.MeanVarianceNormalization, "MeanVarianceNormalization");
        Add("normalisation", NormalisationRules.LocalResponse, "LRN");
        Add("normalisation", NormalisationRules.Softmax, "Softmax", "LogSoftmax", "Hardmax");
        Add("normalisation", NormalisationRules.LpNormalization, "LpNormalization");
        Add("elementwise", PointwiseRules.Elementwise, "Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Sum", "Mean", "Mod", "Where",
            "PRelu", "Relu", "LeakyRelu", "Elu", "Selu", "Celu", "ThresholdedRelu", "Clip", "Sigmoid", "HardSigmoid", "HardSwish",
            "Swish", "Mish", "Gelu", "Tanh", "Softplus", "Softsign", "Shrink", "Erf", "Exp", "Log", "Sqrt", "Abs", "Neg", "Sign",
            "Reciprocal", "Floor", "Ceil", "Round", "Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh",
            "Atanh", "Identity", "Dropout", "Cast", "CastLike", "Not", "And", "Or", "Xor", "Equal", "Less", "LessOrEqual", "Greater",
            "GreaterOrEqual", "IsNaN", "IsInf", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseNot");
        Add("pooling", PointwiseRules.Pooling, "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool");
        Add("sampling", SamplingRules.Resize, "Resize", "Upsample");
        Add("sampling", SamplingRules.AtPlaces, "GridSample", "RoiAlign", "MaxRoiPool");
        Add("reduction", ReductionRules.Reduce, "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2",
            "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp");
        Add("along an axis", AxisRules.Search, "ArgMax", "ArgMin");
        Add("along an axis", AxisRules.TopK, "TopK");
        Add("along an axis", AxisRules.CumSum, "CumSum");
        Add("along an axis", AxisRules.Trilu, "Trilu");
        Add("movement", MovementRules.Move, "Transpose", "Flatten", "Squeeze", "Unsqueeze", "Tile");
        Add("movement", MovementRules.Blocks, "DepthToSpace", "SpaceToDepth");
        Add("movement with constants", MovementRules.Concat, "Concat");
        Add("movement with constants", MovementRules.Split, "Split");
        Add("movement with constants", ReshapeRules.Reshape, "Reshape", "Expand");
        Add("movement with constants", PickingRules.Slice, "Slice");
        Add("movement with constants", PickingRules.Gather, "Gather");
        Add("movement with constants", PadRule.Pad, "Pad");
        Add("counting", Counted, "Shape", "Size");
        AddIn(Microsoft, "linear", ConvolutionRules.FusedConv, "FusedConv");
        AddIn(Microsoft, "linear", LinearRules.Gemm, "FusedGemm");
        AddIn(Microsoft, "linear", FusedAttentionRules.FusedMatMul, "FusedMatMul");
        AddIn(Microsoft, "attention", FusedAttentionRules.Attention, "Attention");
        AddIn(Microsoft, "attention", FusedAttentionRules.MultiHead, "MultiHeadAttention");
        AddIn(Microsoft, "attention", GroupedQueryRules.Attention, "GroupQueryAttention");
        AddIn(Microsoft, "normalisation", FusedAttentionRules.SkipNormalization, "SkipLayerNormalization");
        AddIn(Microsoft, "normalisation", RootMeanSquareRules.SkipNormalise, "SkipSimplifiedLayerNormalization");
        AddIn(Microsoft, "elementwise", PointwiseRules.Elementwise, "Gelu", "BiasGelu", "FastGelu", "QuickGelu");
        AddIn(Microsoft, "quantised", QuantisedRules.Linear, "QuantizeLinear", "DequantizeLinear");
        AddIn(Microsoft, "quantised linear", QuantisedRules.DynamicQuantizeMatMul, "DynamicQuantizeMatMul");
        AddIn(Microsoft, "quantised linear", QuantisedRules.MatMulIntegerToFloat, "MatMulIntegerToFloat");
        AddIn(Microsoft, "quantised linear", BlockQuantisedRules.MatMul, "MatMulNBits");
        AddIn(Microsoft, "quantised", QuantisedRules.QLinearBinary, "QLinearAdd", "QLinearMul");
        AddIn(Microsoft, "quantised", QuantisedRules.QLinearUnary, "QLinearSigmoid", "QLinearLeakyRelu");
        AddIn(Microsoft, "quantised", QuantisedRules.QLinearPool, "QLinearGlobalAveragePool", "QLinearAveragePool");
        foreach (var op in (string[])["If", "Loop", "Scan"]) _whyNot[op] = "a sub-graph reads them";
        _whyNot["MaxUnpool"] = "its flat indices depend on the channel count";
        _whyNot["OneHot"] = _whyNot["NonZero"] = "makes indices of the channels";
        _whyNot["ScatterND"] = _whyNot["ScatterElements"] = _whyNot["GatherND"] = _whyNot["GatherElements"] = "finds elements by indices";
        _whyNot["NonMaxSuppression"] = "chooses among boxes";
    }

    /// <summary>Every operator that channels can pass or end at, in the order of the table.</summary>
    internal static IReadOnlyCollection<ChannelOperator> Operators => [.. _table.Values.Select(e => e.Operator)];

    /// <summary>The rule of a node, or null when channels that reach it are locked.</summary>
    public static Rule? For(NodeProto node) =>
        _table.TryGetValue((node.IsStandard() ? "" : node.Domain, node.OpType), out var entry) ? entry.Rule : null;

    /// <summary>Why a node without a rule locks what it reads.</summary>
    public static string WhyNot(NodeProto node) =>
        node.IsStandard() ? _whyNot.GetValueOrDefault(node.OpType, "no rule for this operator") : $"no rule for this operator of domain '{node.Domain}'";

    static void Add(string kind, Rule rule, params string[] ops) => AddIn("", kind, rule, ops);

    static void AddIn(string domain, string kind, Rule rule, params string[] ops)
    {
        foreach (var op in ops)
        {
            var row = new ChannelOperator(domain, op, kind);
            if (!_multiplies.TryGetValue(kind, out var multiplies)) throw new InvalidOperationException($"'{kind}' ({row}) does not say whether its operators multiply.");
            if (multiplies != MacTable.For(domain, op) is not null)
                throw new InvalidOperationException(multiplies ? $"{row} multiplies and has no count in {nameof(MacTable)}." : $"{row} is counted and of a kind that does not multiply.");
            _table.Add((domain, op), (row, rule));
        }
    }

    // What is read here is followed by ChannelCounts.
    static void Counted(NodeProto node, ChannelFlow flow) { }
}
