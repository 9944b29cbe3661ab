using System.Globalization;
using OnnxEdit.Engine.Attribution.Corrections;

namespace OnnxEdit.Cli;

/// <summary>What it takes to correct examples one by one.</summary>
static class MistakeTable
{
    /// <summary>More than these are summed up only.</summary>
    const int Shown = 20;

    /// <summary>Prints the table, or JSON.</summary>
    internal static void Write(CommandContext context, IReadOnlyList<MistakeCorrection> corrections, IReadOnlyList<string[]> names, int validation, double seconds)
    {
        var corrected = corrections.Count(c => c.IsCorrected);
        var median = corrections.Select(c => c.ValidationDrop).Order().ElementAt(corrections.Count / 2);
        if (context.Global.Json)
        {
            context.Output.Json("coar-edit-each", 1, new
            {
                Examples = corrections.Zip(names, (c, n) => new { c.Example, c.Label, c.IsCorrected, Ablated = n, c.MarginBefore, c.MarginAfter, c.ValidationDrop }),
                Corrected = corrected,
                MedianValidationDrop = median,
                ValidationImages = validation,
                Seconds = seconds,
                context.Global.Seed,
            });
            return;
        }
        var table = new ResultTable("example", "label", "margin before", "after", "validation drop", "<ablated");
        foreach (var (c, n) in corrections.Zip(names).Take(Shown))
            table.Row($"{c.Example}", $"{c.Label}", Number(c.MarginBefore), Number(c.MarginAfter), Number(c.ValidationDrop), string.Join(", ", n));
        context.Output.Table(table);
        if (corrections.Count > Shown) context.Output.Line($"The first {Shown} of {corrections.Count}; --json lists all.");
        context.Output.Line(FormattableString.Invariant($"{corrected} of {corrections.Count} corrected; median drop {median:0.00} points on {validation:N0} validation items"));
        context.Output.Line(FormattableString.Invariant($"{seconds:F1} s, seed {context.Global.Seed}; nothing was written"));
    }

    static string Number(double value) => value.ToString("F2", CultureInfo.InvariantCulture);
}
