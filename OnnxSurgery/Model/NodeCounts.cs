namespace OnnxEdit.Surgery.Model;

/// <summary>What one node costs.</summary>
/// <param name="Name">The node's identity (<see cref="NodeNames"/>).</param>
/// <param name="Op">Operator type.</param>
/// <param name="Parameters">Parameters first read by this node; a shared tensor counts at its first reader only.</param>
/// <param name="Macs">
/// Multiply-accumulates at batch 1: 0 for operators other than convolutions and matrix products, null when the
/// shapes needed are not among the traced ones.
/// </param>
/// <param name="OutputShape">Traced shape of the first output, or null.</param>
public sealed record NodeCounts(string Name, string Op, long Parameters, long? Macs, IReadOnlyList<long>? OutputShape);
