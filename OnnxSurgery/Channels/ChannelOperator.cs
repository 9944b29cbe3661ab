namespace OnnxEdit.Surgery;

/// <summary>An operator that channels can be followed through.</summary>
/// <param name="Domain">Operator domain; empty for the default one.</param>
/// <param name="Name">Operator type.</param>
/// <param name="Kind">What kind of rule it has: "linear", "elementwise", "movement" ...</param>
sealed record ChannelOperator(string Domain, string Name, string Kind);
