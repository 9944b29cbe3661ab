namespace OnnxEdit.Cli;

/// <summary>Prints a model's channel groups.</summary>
static class ChannelReport
{
    /// <summary>All groups in a table, with what can be removed at most; there is at least one.</summary>
    internal static void Write(CliOutput output, ChannelFacts facts)
    {
        var table = new ResultTable("group", "channels", "parameters each", "MACs each", "<made by", "<read by", "<");
        foreach (var group in facts.Groups)
            table.Row(
                group.Name, Figures.Count(group.Channels), Figures.Count(group.ParametersEach), Figures.Count(group.MacsEach),
                Short(group.Producers), Short(group.Consumers), State(group));
        output.Table(table);
        output.Line(
            $"At most {Share(facts.Parameters, facts.LeastParameters)} % of {Figures.Count(facts.Parameters)} parameters and "
            + $"{Share(facts.Macs, facts.LeastMacs)} % of {Figures.Count(facts.Macs)} MACs can be removed, with one channel left everywhere.");
    }

    /// <summary>One group with every node by name.</summary>
    internal static void Write(CliOutput output, ChannelFacts.GroupFacts group)
    {
        var table = new ResultTable("group", "<" + group.Name)
            .Row("channels", $"{Figures.Count(group.Channels)}, {Figures.Count(group.Prunable)} prunable")
            .Row("each saves", $"{Figures.Count(group.ParametersEach)} parameters, {Figures.Count(group.MacsEach)} MACs");
        foreach (var node in group.Producers) table.Row("made by", $"{node.Op} '{node.Node}'");
        foreach (var node in group.Consumers) table.Row("read by", $"{node.Op} '{node.Node}'");
        foreach (var reason in group.Locks) table.Row("locked", $"{Figures.Count(reason.Channels)} by {Because(reason)}");
        output.Table(table);
    }

    static string State(ChannelFacts.GroupFacts group)
    {
        if (group.Locks.Count == 0) return "prunable";
        var more = group.Locks.Count > 1 ? $" (and {group.Locks.Count - 1} more)" : "";
        var some = group.Prunable > 0 ? $"{group.Prunable} prunable, {group.Channels - group.Prunable} " : "";
        return $"{some}locked by {Because(group.Locks[0])}{more}";
    }

    static string Because(ChannelFacts.LockFacts reason) => $"{reason.Op} '{reason.Node}': {reason.Reason}";

    static string Short(IReadOnlyList<ChannelFacts.NodeFacts> nodes) => nodes.Count switch
    {
        0 => "-",
        1 => nodes[0].Node,
        _ => $"{nodes[0].Node} +{nodes.Count - 1}",
    };

    static string Share(long total, long left) => Figures.Percent(total == 0 ? 0 : (double)(total - left) / total);
}
