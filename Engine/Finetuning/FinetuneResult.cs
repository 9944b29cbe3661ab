using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Finetuning;

/// <summary>The fine-tuned model - the best seen, not the last - and how it came about.</summary>
public sealed record FinetuneResult(OnnxModel Model, FinetuneReport Report);
