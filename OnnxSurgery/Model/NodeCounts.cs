using OnnxEdit.Surgery.Model.Counting;

namespace OnnxEdit.Surgery.Model;

/// <summary>What one node costs.</summary>
/// <param name="Name">The node's identity (<see cref="NodeNames"/>).</param>
/// <param name="Op">Operator type.</param>
/// <param name="Parameters">Parameters first read by this node; a shared tensor counts at its first reader only.</param>
/// <param name="Macs">
/// Multiply-accumulates of one example: 0 for operators that only move, compare or work elementwise, null when the shapes needed
/// are not among the traced ones.
/// </param>
/// <param name="OutputShape">Traced shape of the first output, or null.</param>
public sealed record NodeCounts(string Name, string Op, long Parameters, long? Macs, IReadOnlyList<long>? OutputShape)
{
    /// <summary>What <see cref="Macs"/> is the sum of.</summary>
    internal IReadOnlyList<(MacTerm Term, long Macs)> Work { get; init; } = [];
}
