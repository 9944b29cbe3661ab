using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Reporting;

/// <summary>Size of a model and the edits it has been through.</summary>
/// <param name="File">Name of its file, without folders; null when it was made in memory.</param>
/// <param name="Sha256">Hash of the file and its external data.</param>
/// <param name="Parameters">Learned parameters.</param>
/// <param name="Macs">Multiply-accumulates for one item; null when shapes are not known.</param>
/// <param name="Bytes">Length of the model with all its tensors.</param>
/// <param name="Nodes">Nodes of the graph, those of sub-graphs included.</param>
/// <param name="History">Edits it has been through, oldest first.</param>
public sealed record ReportedModel(
    string? File, string Sha256, long Parameters, long? Macs, long Bytes, int Nodes, IReadOnlyList<HistoryEntry> History);
