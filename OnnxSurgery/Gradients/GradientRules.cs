using OnnxEdit.Surgery.Gradients.Rules;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Gradients;

/// <summary>
/// The table operator -> gradient. It holds the operators that are left after <see cref="Restatements"/>; what a rule
/// writes is again made of operators in this table (or of such that have no gradient), so that gradients have gradients.
/// A new rule is one line here.
/// </summary>
static class GradientRules
{
    /// <summary>Hands the gradient of a node's output (<paramref name="dy"/>) on to its inputs.</summary>
    public delegate void Rule(NodeProto node, string dy, GradientTape tape);

    static readonly Dictionary<string, Rule> _table = new()
    {
        ["Add"] = ArithmeticRules.Add,
        ["Sub"] = ArithmeticRules.Sub,
        ["Mul"] = ArithmeticRules.Mul,
        ["Div"] = ArithmeticRules.Div,
        ["Pow"] = ArithmeticRules.Pow,
        ["Neg"] = ArithmeticRules.Neg,
        ["Reciprocal"] = ArithmeticRules.Reciprocal,
        ["Sum"] = ArithmeticRules.Sum,
        ["Max"] = ArithmeticRules.Extreme,
        ["Min"] = ArithmeticRules.Extreme,
        ["Where"] = ArithmeticRules.Where,
        ["Cast"] = ArithmeticRules.Cast,
        ["Identity"] = ArithmeticRules.Identity,
        ["Exp"] = FunctionRules.Exp,
        ["Log"] = FunctionRules.Log,
        ["Sqrt"] = FunctionRules.Sqrt,
        ["Abs"] = FunctionRules.Abs,
        ["Erf"] = FunctionRules.Erf,
        ["Sin"] = FunctionRules.Sin,
        ["Cos"] = FunctionRules.Cos,
        ["Sigmoid"] = FunctionRules.Sigmoid,
        ["Tanh"] = FunctionRules.Tanh,
        ["Softplus"] = FunctionRules.Softplus,
        ["Relu"] = FunctionRules.Relu,
        ["LeakyRelu"] = FunctionRules.LeakyRelu,
        ["PRelu"] = FunctionRules.PRelu,
        ["Elu"] = FunctionRules.Elu,
        ["Clip"] = FunctionRules.Clip,
        ["ReduceSum"] = ReductionRules.ReduceSum,
        ["ReduceMean"] = ReductionRules.ReduceMean,
        ["ReduceMax"] = ReductionRules.ReduceExtreme,
        ["ReduceMin"] = ReductionRules.ReduceExtreme,
        ["Softmax"] = ReductionRules.Softmax,
        ["LogSoftmax"] = ReductionRules.LogSoftmax,
        ["MatMul"] = LinearGradients.MatMul,
        ["Gemm"] = LinearGradients.Gemm,
        ["Conv"] = ConvolutionGradients.Conv,
        ["ConvTranspose"] = ConvolutionGradients.ConvTranspose,
        ["MaxPool"] = PoolingGradients.MaxPool,
        ["Reshape"] = MovementGradients.Reshape,
        ["Transpose"] = MovementGradients.Transpose,
        ["Expand"] = MovementGradients.Expand,
        ["Concat"] = MovementGradients.Concat,
        ["Slice"] = MovementGradients.Slice,
        ["Pad"] = MovementGradients.Pad,
        ["Gather"] = IndexGradients.Gather,
        ["GatherElements"] = IndexGradients.GatherElements,
        ["ScatterElements"] = IndexGradients.ScatterElements,
    };

    // Constant almost everywhere, or not a number at all: nothing changes when their inputs change a little.
    static readonly HashSet<string> _flat =
    [
        "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal", "Not", "And", "Or", "Xor", "IsNaN", "IsInf", "Sign", "Floor", "Ceil",
        "Round", "ArgMax", "ArgMin", "Hardmax", "OneHot", "NonZero", "Shape", "Size", "ConstantOfShape", "EyeLike", "RandomNormalLike", "RandomUniformLike",
    ];

    /// <summary>The operators with a rule.</summary>
    public static IReadOnlyCollection<string> Operators => _table.Keys;

    /// <summary>The rule of a node, or null.</summary>
    public static Rule? For(NodeProto node) => node.IsStandard() ? _table.GetValueOrDefault(node.OpType) : null;

    /// <summary>True when no gradient passes the node because there is none.</summary>
    public static bool IsFlat(NodeProto node) => node.IsStandard() && _flat.Contains(node.OpType);
}
