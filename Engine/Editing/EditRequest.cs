using OnnxEdit.Engine.Data;

namespace OnnxEdit.Engine.Editing;

/// <summary>What an edit is asked to do.</summary>
/// <param name="Name">What to call the image in reports.</param>
/// <param name="Images">The set it is in.</param>
/// <param name="Index">Its place there.</param>
/// <param name="Label">The class it shall have.</param>
public sealed record EditRequest(string Name, ItemSet Images, int Index, int Label);
