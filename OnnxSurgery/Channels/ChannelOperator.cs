namespace OnnxEdit.Surgery.Channels;

/// <summary>An operator that channels can be followed through.</summary>
/// <param name="Domain">Operator domain; empty for the default one.</param>
/// <param name="Name">Operator type.</param>
/// <param name="Kind">What kind of rule it has: "linear", "elementwise", "movement" ...</param>
sealed record ChannelOperator(string Domain, string Name, string Kind)
{
    /// <summary>Name, with the domain in front where it is not the default one.</summary>
    public override string ToString() => Domain.Length > 0 ? $"{Domain}.{Name}" : Name;
}
