namespace OnnxEdit.Engine.Attribution;

/// <summary>What attributions are of.</summary>
/// <param name="ModelSha256">The model's hash.</param>
/// <param name="Components">Names of its components.</param>
/// <param name="Labels">Classes of the examples.</param>
sealed record AttributionSubject(string ModelSha256, IReadOnlyList<string> Components, IReadOnlyList<int> Labels);
