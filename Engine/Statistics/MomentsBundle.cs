namespace OnnxEdit.Engine;
/// <summary>stub</summary>
public sealed class MomentsBundle { internal GramSums[]? Grams(string node) => null; }
