namespace OnnxEdit.Engine.Editing;

/// <summary>What an edit came to.</summary>
/// <param name="Success">Whether the class leads, or at least ties.</param>
/// <param name="Steps">Steps taken; 0 if the class led before.</param>
/// <param name="Loss">By how much another class still leads, in logits; 0 or less on success.</param>
public sealed record EditOutcome(bool Success, int Steps, double Loss);
