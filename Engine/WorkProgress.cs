namespace OnnxEdit.Engine;

/// <summary>How far a long piece of work has come.</summary>
/// <param name="Stage">What is being done, a few words in lower case, e.g. "evaluating".</param>
/// <param name="Done">Units finished.</param>
/// <param name="Total">Units in all; 0 when not known.</param>
public readonly record struct WorkProgress(string Stage, long Done, long Total);
