namespace OnnxEdit.Engine.Statistics;

/// <summary>Something that statistics were not collected for.</summary>
/// <param name="Node">Identity of the node.</param>
/// <param name="Reason">Half a sentence: why.</param>
public sealed record SkippedStatistics(string Node, string Reason);
