using OnnxEdit.Engine.Data.Targets;

namespace OnnxEdit.Engine.Data.Sources.Objects;

/// <summary>A picture file with the objects in it.</summary>
/// <param name="Path">The file.</param>
/// <param name="Objects">The objects.</param>
/// <param name="Size">Height and width that the data says it has, in whose pixels boxes count; null: boxes count in shares of its size.</param>
readonly record struct LabelledPicture(string Path, IReadOnlyList<LabelledObject> Objects, (int Height, int Width)? Size);
