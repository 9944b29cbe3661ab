using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>What values the tensors of a case are drawn from.</summary>
public enum Draw
{
    /// <summary>Evenly from -1 to 1.</summary>
    Smooth,

    /// <summary>From 0.5 to 2, for functions that want positive numbers.</summary>
    Positive,

    /// <summary>Different numbers with gaps between them and around zero, so that no kink lies near.</summary>
    Apart,
}

/// <summary>A small graph around one operator, whose gradients are checked.</summary>
/// <param name="Op">The operator.</param>
/// <param name="Form">What is special about this case.</param>
/// <param name="Build">Builds it and returns its output. Constants whose name starts with "const" are not differentiated.</param>
/// <param name="Values">What inputs and weights are drawn from.</param>
/// <param name="Opset">Version of the operators.</param>
/// <param name="Domain">Domain of the operator.</param>
public sealed record GradientCase(
    string Op, string Form, Func<GraphBuilder, Random, string> Build, Draw Values = Draw.Smooth, int Opset = 17, string Domain = "")
{
    /// <summary>The model of this case.</summary>
    public ModelProto Model(int seed, DataType type)
    {
        var b = new GraphBuilder(seed, Opset) { ElementType = type, Batch = 2 };
        return b.Build(Build(b, new Random(seed)));
    }

    /// <summary>Name in the test report.</summary>
    public override string ToString() => Form.Length == 0 ? Op : $"{Op}, {Form}";
}
