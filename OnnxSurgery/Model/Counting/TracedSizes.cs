namespace OnnxEdit.Surgery.Model.Counting;

/// <summary>Sizes of tensors in one run, and how many examples that run held.</summary>
/// <param name="Shapes">Shape of each tensor by name.</param>
/// <param name="Items">Examples in the run; at least 1.</param>
/// <param name="ItemAxis">
/// The axis of a tensor that grows with the examples, or -1; null where only one number of examples can be run, so that
/// everything computed from the inputs is theirs in equal parts.
/// </param>
sealed record TracedSizes(IReadOnlyDictionary<string, long[]> Shapes, long Items, Func<string, int>? ItemAxis);
