namespace OnnxEdit.Surgery.Model.Counting;

/// <summary>One product of a node's work: a number times sizes, each of which may shrink when channels go.</summary>
/// <param name="Factor">What shrinks with no channel (lengths of sequences, sizes given by attributes).</param>
/// <param name="Extents">The sizes.</param>
sealed record MacTerm(long Factor, IReadOnlyList<Extent> Extents)
{
    /// <summary>Multiply-accumulates of the run.</summary>
    public long Value { get; } = Extents.Aggregate(Factor, (product, e) => product * e.Size);
}
