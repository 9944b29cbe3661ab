using System.Globalization;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Cli;

/// <summary>Prints the facts of a model.</summary>
static class ModelReport
{
    internal static void Write(CliOutput output, ModelFacts facts)
    {
        output.Table(Overview(facts));
        var table = new ResultTable("operator", "nodes", "parameters", "MACs");
        foreach (var op in facts.Operators)
            table.Row(op.Op, Figures.Count(op.Nodes), Figures.Count(op.Parameters), op.Macs is { } macs ? Figures.Count(macs) : "?");
        output.Table(table);
        foreach (var entry in facts.History)
            output.Line(Sentence(entry));
        if (facts.Denormals > 0) output.Warn($"{Denormals.Said(facts.Denormals)}; any edit sets them to 0 in what it writes.");
    }

    static ResultTable Overview(ModelFacts facts)
    {
        var table = new ResultTable("model", "<" + (facts.Model ?? ""))
            .Row("producer", facts.Producer.Length > 0 ? facts.Producer : "not said")
            .Row("format", $"IR {facts.IrVersion}, {string.Join(", ", facts.Opsets.Select(set => $"{set.Key} {set.Value}"))}");
        foreach (var input in facts.Inputs)
            table.Row("input", $"{input.Name} {input.Type} {input.Shape}");
        foreach (var output in facts.Outputs)
            table.Row("output", $"{output.Name} {output.Type} {output.Shape}");
        return table
            .Row("parameters", Figures.Count(facts.Parameters))
            .Row("MACs", facts.Macs is { } macs ? $"{Figures.Count(macs)} (FLOPs: twice that)" : "not known")
            .Row("bytes", Figures.Count(facts.Bytes))
            .Row("nodes", Figures.Count(facts.Nodes))
            .Row("channel groups", facts.Channels is { } groups
                ? $"{Figures.Count(groups.Prunable)} prunable ({Figures.Count(groups.PrunableChannels)} channels), {Figures.Count(groups.Locked)} locked"
                : "not known")
            .Row("edits", facts.History.Count == 0 ? "none" : Figures.Count(facts.History.Count));
    }

    static string Sentence(HistoryEntry entry)
    {
        var options = string.Join(' ', entry.Options.Select(option => $"--{option.Key} {option.Value}"));
        var parameters = entry is { ParametersBefore: { } before, ParametersAfter: { } after }
            ? $", parameters {Figures.Count(before)} -> {Figures.Count(after)}" : "";
        var accuracy = entry is { AccuracyBefore: { } accuracyBefore, AccuracyAfter: { } accuracyAfter }
            ? $", top-1 {Figures.Percent(accuracyBefore)} -> {Figures.Percent(accuracyAfter)} %" : "";
        var seed = entry.Seed is { } number ? string.Create(CultureInfo.InvariantCulture, $" --seed {number}") : "";
        return $"{entry.Command} {options}{seed}{parameters}{accuracy}, from {entry.SourceSha256[..Math.Min(12, entry.SourceSha256.Length)]}";
    }
}
