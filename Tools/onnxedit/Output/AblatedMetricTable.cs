using OnnxEdit.Engine.Attribution;

namespace OnnxEdit.Cli;

/// <summary>What becomes of a task's metric without the components that attributions call least and most important.</summary>
static class AblatedMetricTable
{
    internal static void Write(CommandContext context, AblatedMetrics metrics)
    {
        var whole = metrics.Whole.Main;
        var table = new ResultTable("ablated", "components", TaskReport.Header(whole), "change");
        table.Row("none", "0", TaskReport.Value(whole), "");
        foreach (var row in metrics.Rows)
            table.Row(
                FormattableString.Invariant($"{row.Which} {100 * row.Share:0.##} %{(row.Draws > 1 ? $", mean of {row.Draws} draws" : "")}"), Figures.Count(row.Components),
                TaskReport.Value(row.Value), row.Draws > 1 ? TaskReport.Points(whole, row.Value) : TaskReport.Change(whole, row.Value));
        context.Output.Table(table);
        context.Output.Line($"{whole.Name} of {Figures.Count(metrics.Whole.Items)} examples{(metrics.Whole.IsAgreement ? ", to the model as it is" : "")}; {metrics.Whole.Task}: {metrics.Whole.Reading}.");
    }

    internal static object Fields(AblatedMetrics metrics) => new
    {
        Name = metrics.Whole.Task,
        metrics.Whole.Reading,
        metrics.Whole.IsAgreement,
        Metric = metrics.Whole.Main.Name,
        Whole = metrics.Whole.Main.Value,
        Ablated = metrics.Rows.Select(row => new { row.Which, row.Share, row.Components, row.Draws, row.Value.Value }),
    };
}
