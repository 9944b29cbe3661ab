using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery;

/// <summary>The table operator -> rule. A new operator is one entry here.</summary>
static class ChannelRules
{
    public delegate void Rule(NodeProto node, ChannelFlow flow);

    static readonly Dictionary<string, Rule> Table = Build();

    /// <summary>The rule of a node, or null when channels that reach it are locked.</summary>
    public static Rule? For(NodeProto node) => node.IsStandard() ? Table.GetValueOrDefault(node.OpType) : null;

    static Dictionary<string, Rule> Build()
    {
        Dictionary<string, Rule> table = new()
        {
            ["Conv"] = LinearRules.Conv,
            ["Gemm"] = LinearRules.Gemm,
            ["MatMul"] = ContractionRules.MatMul,
            ["Einsum"] = ContractionRules.Einsum,
            ["Attention"] = AttentionRules.Attention,
            ["BatchNormalization"] = PointwiseRules.BatchNormalization,
            ["Concat"] = ConstantRules.Concat,
            ["Reshape"] = MovementRules.Reshape,
            ["Expand"] = ConstantRules.Expand,
            ["Slice"] = MovementRules.Slice,
            ["Split"] = MovementRules.Split,
            ["Gather"] = ConstantRules.Gather,
            ["Pad"] = MovementRules.Pad,
        };
        Add(MovementRules.Move, "Transpose", "Flatten", "Squeeze", "Unsqueeze", "DepthToSpace", "SpaceToDepth", "Tile");
        Add(PointwiseRules.Pooling, "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool");
        Add(PointwiseRules.Reduce, "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2",
            "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp");
        Add(PointwiseRules.AlongAxis, "Softmax", "LogSoftmax", "Hardmax");
        Add(PointwiseRules.Elementwise, "Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Sum", "Mean", "Mod", "Where",
            "PRelu", "Relu", "LeakyRelu", "Elu", "Selu", "Celu", "ThresholdedRelu", "Clip", "Sigmoid", "HardSigmoid", "HardSwish",
            "Swish", "Mish", "Gelu", "Tanh", "Softplus", "Softsign", "Erf", "Exp", "Log", "Sqrt", "Abs", "Neg", "Sign", "Reciprocal",
            "Floor", "Ceil", "Round", "Sin", "Cos", "Identity", "Dropout", "Cast", "Not", "And", "Or", "Equal", "Less",
            "LessOrEqual", "Greater", "GreaterOrEqual", "IsNaN");
        return table;

        void Add(Rule rule, params string[] ops)
        {
            foreach (var op in ops) table[op] = rule;
        }
    }
}
