using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels;

/// <summary>The letters of an Einsum equation, per input and for the output.</summary>
sealed record EinsumLabels(string[] Inputs, string Output)
{
    /// <summary>The letters of a node; null where the equation has an ellipsis, a repeated letter in one term or no arrow.</summary>
    public static EinsumLabels? Of(NodeProto node)
    {
        var equation = node.Text("equation", "").Replace(" ", "", StringComparison.Ordinal);
        if (equation.Contains('.', StringComparison.Ordinal) || equation.Split("->") is not [var left, var right]) return null;
        var inputs = left.Split(',');
        return inputs.Length == node.Input.Count && inputs.Append(right).All(t => t.Distinct().Count() == t.Length) ? new(inputs, right) : null;
    }
}
