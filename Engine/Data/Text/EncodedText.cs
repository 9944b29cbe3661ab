using OnnxEdit.Engine.Data.Targets;

namespace OnnxEdit.Engine.Data.Text;

/// <summary>One text, or two that belong together, as token ids.</summary>
/// <param name="Ids">The ids with those of special tokens.</param>
/// <param name="Types">0 for the first text, 1 for the second, as long as the ids.</param>
/// <param name="Label">The class in the data's own numbering, or -1.</param>
/// <param name="Target">What else the data says of it, or null.</param>
sealed record EncodedText(int[] Ids, int[] Types, int Label, ItemTarget? Target);
