using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels.Rules;

/// <summary>Tensors that the graph itself shows to be nowhere negative, or nowhere positive, whatever is fed.</summary>
sealed class ProvedSign
{
    readonly GraphIndex _index;
    // Branches that meet again are walked again: what takes more steps than this counts as unproved.
    int _steps = 1000;

    ProvedSign(GraphIndex index) => _index = index;

    /// <summary>True when no element can be below zero.</summary>
    public static bool IsNonNegative(string tensor, GraphIndex index) => new ProvedSign(index).Is(tensor, 1);

    /// <summary>True when no element can be above zero.</summary>
    public static bool IsNonPositive(string tensor, GraphIndex index) => new ProvedSign(index).Is(tensor, -1);

    bool Is(string tensor, int sign)
    {
        if (--_steps < 0) return false;
        if (_index.Initializer(tensor) is { } constant) return TensorData.IsFloat(constant) && Array.TrueForAll(TensorData.Floats(constant), v => v * sign >= 0);
        if (_index.Producer(tensor) is not { } node || !node.IsStandard()) return false;
        bool All(int of) => node.Input.All(i => Is(i, of));
        switch (node.OpType)
        {
            case "Relu" or "Sigmoid" or "HardSigmoid" or "Abs" or "Exp" or "Softplus" or "Sqrt" or "Softmax" or "ReduceL1" or "ReduceL2" or "ReduceSumSquare" or "LpPool" or "GlobalLpPool":
                return sign > 0;
            case "Clip":
                return sign > 0 ? Bound(node, "min", 1) >= 0 : Bound(node, "max", 2) <= 0;
            case "Neg":
                return Is(node.Input[0], -sign);
            case "Mul":
                return sign > 0 && (node.Input[0] == node.Input[1] || All(1) || All(-1));
            case "Max":
                return sign > 0 ? node.Input.Any(i => Is(i, 1)) : All(-1);
            case "Min":
                return sign < 0 ? node.Input.Any(i => Is(i, -1)) : All(1);
            case "Add" or "Sum" or "Mean" or "Concat":
                return All(sign);
            case "Identity" or "Transpose" or "Reshape" or "Flatten" or "Squeeze" or "Unsqueeze" or "Slice" or "Gather" or "Split" or "Expand"
                or "MaxPool" or "AveragePool" or "GlobalAveragePool" or "GlobalMaxPool" or "ReduceMean" or "ReduceSum" or "ReduceMax" or "ReduceMin":
                return Is(node.Input[0], sign);
            default:
                return false;
        }
    }

    // An attribute before opset 11, an input since; NaN where there is none or the graph computes it.
    float Bound(NodeProto node, string name, int input)
    {
        if (node.Find(name) is { } given) return given.F;
        return input < node.Input.Count && _index.Initializer(node.Input[input]) is { } bound && TensorData.IsFloat(bound) ? TensorData.Floats(bound)[0] : float.NaN;
    }
}
