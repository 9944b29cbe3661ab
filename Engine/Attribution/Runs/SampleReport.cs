namespace OnnxEdit.Engine.Attribution.Runs;

/// <summary>What became of the chunks that were to be run.</summary>
/// <param name="Made">Chunks that were run here.</param>
/// <param name="Present">Chunks that were there already, whole.</param>
/// <param name="Repaired">Chunks among <paramref name="Made"/> whose file was damaged.</param>
/// <param name="Twice">Chunks that another machine finished meanwhile, with other results.</param>
sealed record SampleReport(IReadOnlyList<int> Made, IReadOnlyList<int> Present, IReadOnlyList<int> Repaired, IReadOnlyList<int> Twice);
