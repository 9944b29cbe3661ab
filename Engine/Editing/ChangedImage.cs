namespace OnnxEdit.Engine.Editing;

/// <summary>A test image whose class an edit changed.</summary>
/// <param name="Index">Its place in the test data.</param>
/// <param name="Label">Its label.</param>
/// <param name="Before">Its class before.</param>
/// <param name="After">Its class now.</param>
public sealed record ChangedImage(int Index, int Label, int Before, int After);
