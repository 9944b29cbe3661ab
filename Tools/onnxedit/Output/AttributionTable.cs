using System.Globalization;
using OnnxEdit.Engine.Attribution;

namespace OnnxEdit.Cli;

/// <summary>Attributions: how they were made, how well they predict, and which components count.</summary>
static class AttributionTable
{
    /// <summary>Prints what was made, or JSON.</summary>
    internal static void Write(CommandContext context, Attributions attributions, AttributionOptions options, IReadOnlyList<string>? names, double seconds, string path)
    {
        var (n, d) = (attributions.Scores.Count, attributions.Components.Count);
        if (context.Global.Json)
        {
            context.Output.Json("coar", 1, new { Out = path, Examples = n, Components = d, attributions.Facts, Seconds = seconds, MeanAnswer = attributions.Answers.Average() });
            return;
        }
        var output = context.Output;
        output.Line(FormattableString.Invariant($"{Figures.Count(d)} components, {Figures.Count(n)} examples; {options.Method} at alpha {options.Alpha}, {Figures.Count(options.Budget)} forward passes an example allowed"));
        if (attributions.Facts.GetValueOrDefault("answer_is") is { } said) output.Line($"answer: {said} ({attributions.Task})");
        var hasClasses = attributions.Labels.Any(l => l >= 0);
        var classes = new ResultTable(hasClasses ? "class" : "", "examples", "mean answer", "<helps most", "<harms most");
        foreach (var group in Enumerable.Range(0, n).GroupBy(e => attributions.Labels[e]).OrderBy(g => g.Key))
        {
            var mean = Mean(attributions, [.. group]);
            classes.Row(
                !hasClasses ? "all" : group.Key < 0 ? "none" : names?.ElementAtOrDefault(group.Key) ?? $"{group.Key}", $"{group.Count()}", Number(group.Average(e => attributions.Answers[e])),
                attributions.Components[Array.IndexOf(mean, mean.Max())], attributions.Components[Array.IndexOf(mean, mean.Min())]);
        }
        output.Table(classes);
        output.Line(FormattableString.Invariant($"{seconds:F1} s, seed {options.Seed}"));
        output.Line($"wrote {path}");
    }

    /// <summary>Prints correlations with fresh ablations, or JSON.</summary>
    internal static void WriteEvaluation(CommandContext context, Attributions attributions, IReadOnlyList<AttributionEvaluation> found, AblatedMetrics? metrics)
    {
        if (context.Global.Json)
        {
            context.Output.Json("coar-eval", 1, new
            {
                Examples = attributions.Scores.Count,
                Alphas = found.Select(f => new { f.Alpha, f.Masks, Correlation = f.Mean, f.StandardError, f.Slope, f.Correlations, Calibration = f.Calibration.Select(c => new[] { c.Predicted, c.Actual }) }),
                Task = metrics is null ? null : AblatedMetricTable.Fields(metrics),
            });
            return;
        }
        var table = new ResultTable("alpha", "masks", "correlation", "95 % interval", "slope");
        foreach (var f in found)
            table.Row(
                f.Alpha.ToString(CultureInfo.InvariantCulture), $"{f.Masks}", f.Mean.ToString("F3", CultureInfo.InvariantCulture),
                FormattableString.Invariant($"{f.Mean - 1.96 * f.StandardError:F3} to {f.Mean + 1.96 * f.StandardError:F3}"), f.Slope.ToString("F2", CultureInfo.InvariantCulture));
        context.Output.Table(table);
        context.Output.Line($"Mean over {attributions.Scores.Count} examples of Pearson's correlation over fresh masks; slope 1: scores are of the right size.");
        if (metrics is not null) AblatedMetricTable.Write(context, metrics);
    }

    /// <summary>Prints the components that count most for some examples, or JSON, and draws them where a file is named.</summary>
    internal static void WriteComponents(CommandContext context, Attributions attributions, int[] examples, int top, string? drawing)
    {
        var (mean, error) = (Mean(attributions, examples), Error(attributions, examples));
        int[] order = [.. Enumerable.Range(0, mean.Length).OrderByDescending(j => mean[j])];
        int[] listed = 2 * top >= order.Length ? order : [.. order[..top], .. order[^top..]];
        var title = examples.Length == 1
            ? FormattableString.Invariant($"example {examples[0]}{(attributions.Labels[examples[0]] is >= 0 and var label ? FormattableString.Invariant($", class {label}") : "")}, answer {attributions.Answers[examples[0]]:F2}")
            : FormattableString.Invariant($"mean over {examples.Length} examples, answer {examples.Average(e => attributions.Answers[e]):F2}");
        if (attributions.Task is not null) title += $" ({attributions.Facts["answer"]})";
        if (drawing is not null) AttributionPlot.Components(drawing, title, [.. listed.Select(j => (attributions.Components[j], mean[j], error[j]))], context.Global.Force);
        if (context.Global.Json)
        {
            context.Output.Json("coar-show", 1, new { Answer = attributions.Facts.GetValueOrDefault("answer_is"), Examples = examples, Components = listed.Select(j => new { Name = attributions.Components[j], Score = mean[j], StandardError = error[j] }) });
            return;
        }
        context.Output.Line(title);
        var table = new ResultTable("component", "score", "standard error");
        foreach (var j in listed) table.Row(attributions.Components[j], Number(mean[j]), double.IsNaN(error[j]) ? "" : Number(error[j]));
        context.Output.Table(table);
    }

    static double[] Mean(Attributions attributions, int[] examples) =>
        [.. Enumerable.Range(0, attributions.Components.Count).Select(j => examples.Average(e => (double)attributions.Scores[e][j]))];

    // Of one example: that of its estimate. Of several: over the examples.
    static double[] Error(Attributions attributions, int[] examples)
    {
        if (examples is [var only]) return [.. attributions.StandardErrors[only].Select(s => (double)s)];
        var mean = Mean(attributions, examples);
        return [.. mean.Select((m, j) => Math.Sqrt(examples.Sum(e => Math.Pow(attributions.Scores[e][j] - m, 2)) / (examples.Length - 1) / examples.Length))];
    }

    static string Number(double value) => value.ToString("F4", CultureInfo.InvariantCulture);
}
