namespace OnnxEdit.Engine.Attribution;

/// <summary>What attributions are of.</summary>
/// <param name="ModelSha256">The model's hash.</param>
/// <param name="Components">Names of its components.</param>
/// <param name="Labels">Classes of the examples, -1 for none.</param>
/// <param name="Answer">What an answer is; null: of the label's class.</param>
sealed record AttributionSubject(string ModelSha256, IReadOnlyList<string> Components, IReadOnlyList<int> Labels, ExplainedAnswer? Answer);
