using OnnxEdit.Engine.Tasks;

namespace OnnxEdit.Cli;

/// <summary>Prints how well a classifier does, overall and per class.</summary>
static class EvaluationReport
{
    /// <summary>Models with more classes get the worst ones listed only.</summary>
    const int ClassesShown = 20;

    internal static void Write(CommandContext context, string path, Evaluation evaluation, IReadOnlyList<string>? names)
    {
        if (context.Global.Json)
        {
            context.Output.Json("eval", 1, Fields(path, evaluation, names));
            return;
        }

        context.Output.Line(Summary(evaluation));
        var seen = evaluation.PerClass.Where(tally => tally.Count > 0).ToArray();
        var shown = seen.Length <= ClassesShown ? seen : [.. seen.OrderBy(tally => tally.Accuracy).Take(ClassesShown)];
        var table = new ResultTable("class", "<name", "items", "top-1 %");
        foreach (var tally in shown)
            table.Row($"{tally.Class}", names?.ElementAtOrDefault(tally.Class) ?? "", Figures.Count(tally.Count), Figures.Percent(tally.Accuracy));
        context.Output.Table(table);
        if (shown.Length < seen.Length)
            context.Output.Line($"The {shown.Length} worst of {Figures.Count(seen.Length)} classes; --json lists all.");
    }

    /// <summary>One line: "top-1 91.36 % +- 0.40, top-5 99.72 %, mean margin 6.12, 5,000 items".</summary>
    internal static string Summary(Evaluation evaluation)
    {
        var top5 = evaluation.Classes > 5 ? $", top-5 {Figures.Percent(evaluation.Top5)} %" : "";
        return $"top-1 {Figures.Percent(evaluation.Top1)} % +- {Figures.Percent(evaluation.StandardError)}{top5}, "
            + $"mean margin {Figures.Plain(evaluation.MeanMargin)}, {Figures.Count(evaluation.Count)} items";
    }

    static object Fields(string path, Evaluation evaluation, IReadOnlyList<string>? names) => new
    {
        Model = path,
        evaluation.OutputName,
        Images = evaluation.Count,
        evaluation.Top1,
        evaluation.StandardError,
        evaluation.Top5,
        evaluation.MeanMargin,
        PerClass = evaluation.PerClass.Select(tally => new
        {
            tally.Class,
            Name = names?.ElementAtOrDefault(tally.Class),
            Images = tally.Count,
            tally.Correct,
            Top1 = tally.Count == 0 ? (double?)null : tally.Accuracy,
        }),
    };
}
