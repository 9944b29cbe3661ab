namespace OnnxEdit.Surgery.Channels;

/// <summary>Why channels cannot be removed.</summary>
/// <param name="Node">Identity of the node that locks them, or the name of a graph output.</param>
/// <param name="Op">Operator of that node, or "output".</param>
/// <param name="Reason">Half a sentence: why.</param>
sealed record ChannelLock(string Node, string Op, string Reason)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Op} '{Node}': {Reason}";
}
