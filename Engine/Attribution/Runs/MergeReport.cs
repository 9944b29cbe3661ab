namespace OnnxEdit.Engine.Attribution.Runs;

/// <summary>What was added up.</summary>
/// <param name="Chunks">Number of chunks.</param>
/// <param name="Hosts">Machines that made them, and how many each.</param>
/// <param name="Twice">Chunks of which there are several results that agree within rounding.</param>
sealed record MergeReport(int Chunks, IReadOnlyDictionary<string, int> Hosts, IReadOnlyList<int> Twice);
