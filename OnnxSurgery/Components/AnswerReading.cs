namespace OnnxEdit.Surgery.Components;

/// <summary>Where a number per example is read, and how; by which weights, every example brings with it.</summary>
/// <param name="Tensor">A graph output or an inner tensor whose first axis counts the examples.</param>
/// <param name="Shape">Its extents for one example.</param>
/// <param name="Form">How it is read.</param>
/// <param name="ClassAxis">Of a margin: where the classes stand in <paramref name="Shape"/>.</param>
sealed record AnswerReading(string Tensor, IReadOnlyList<int> Shape, AnswerForm Form, int ClassAxis = 0)
{
    /// <summary>Name of the first further input; a second one has <see cref="Shares"/>.</summary>
    public const string Weights = "onnxedit_weights", Shares = "onnxedit_shares";

    /// <summary>Places of a margin, in their order: the extents without that of the classes.</summary>
    public IReadOnlyList<int> Places => [.. Shape.Where((_, axis) => axis != ClassAxis)];

    /// <summary>
    /// What an example brings, as further inputs of the model: of a sum a weight per value [values, 1]; of a pooled one a weight per value of
    /// the width [width, 1] and a share per position [1, positions]; of a margin the class of each place and its share [places, 1].
    /// </summary>
    public IReadOnlyList<(string Name, int[] Shape)> Inputs => Form switch
    {
        AnswerForm.Sum => [(Weights, [Shape.Aggregate(1, (a, b) => a * b), 1])],
        AnswerForm.Pooled => [(Weights, [Shape[1], 1]), (Shares, [1, Shape[0]])],
        _ => [(Weights, [.. Places]), (Shares, [Places.Aggregate(1, (a, b) => a * b), 1])],
    };
}
