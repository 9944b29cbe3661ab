using OnnxEdit.Engine.Tasks.Kinds;

namespace OnnxEdit.Cli;

/// <summary>Prints how good a model is at its task.</summary>
static class TaskReport
{
    internal static void Write(CommandContext context, string path, TaskMeasurement measurement)
    {
        if (context.Global.Json)
        {
            context.Output.Json("eval", 1, new { Model = path, measurement.Task, measurement.Reading, measurement.Items, Metrics = Fields(measurement) });
            return;
        }

        context.Output.Line(Summary(measurement));
    }

    /// <summary>One line: "spearman 86.78 % +- 0.71, 3,000 items; embedding: the mean over positions of 'last_hidden_state'".</summary>
    internal static string Summary(TaskMeasurement measurement) =>
        $"{string.Join(", ", measurement.Metrics.Select(Text))}, {Figures.Count(measurement.Items)} items; {measurement.Task}: {measurement.Reading}";

    /// <summary>A metric with its standard error, e.g. "spearman 86.78 % +- 0.71".</summary>
    internal static string Text(MetricValue metric) =>
        $"{metric.Name} {Value(metric)}{(metric.IsFraction ? " %" : "")}{(double.IsNaN(metric.StandardError) ? "" : $" +- {Shown(metric, metric.StandardError)}")}";

    /// <summary>The value alone, as tables show it: fractions in percent.</summary>
    internal static string Value(MetricValue metric) => Shown(metric, metric.Value);

    /// <summary>The value with its standard error.</summary>
    internal static string WithError(MetricValue metric) => double.IsNaN(metric.StandardError) ? Value(metric) : $"{Value(metric)} \u00b1\u00a0{Shown(metric, metric.StandardError)}";

    /// <summary>The difference to another model's with its paired standard error.</summary>
    internal static string Change(MetricValue before, MetricValue after) =>
        $"{Points(before, after)}{(double.IsNaN(before.PairedError(after)) ? "" : $" \u00b1\u00a0{Shown(before, before.PairedError(after))}")}";

    /// <summary>The difference to another model's, points of fractions.</summary>
    internal static string Points(MetricValue before, MetricValue after) =>
        ((before.IsFraction ? 100 : 1) * (after.Value - before.Value)).ToString("+0.00;-0.00;0.00", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>One line on the task's own metric: "spearman +0.42 ± 1.12 points (standard error paired over 120 test items); embedding: the mean over positions of 'last_hidden_state'".</summary>
    internal static string ChangeLine(TaskMeasurement before, TaskMeasurement after) =>
        $"{before.Main.Name} {Change(before.Main, after.Main)}{(before.Main.IsFraction ? " points" : "")} (standard error paired over {Figures.Count(before.Items)} test items); {before.Task}: {before.Reading}";

    /// <summary>Both values of each metric and the paired standard error of their difference, for JSON.</summary>
    internal static IEnumerable<object> ChangeFields(TaskMeasurement before, TaskMeasurement after) => before.Metrics.Zip(after.Metrics, (b, a) => new
    {
        b.Name,
        Before = b.Value,
        After = a.Value,
        StandardError = double.IsFinite(b.PairedError(a)) ? b.PairedError(a) : (double?)null,
        b.IsFraction,
    });

    /// <summary>What stands before the value in a table, e.g. "spearman %".</summary>
    internal static string Header(MetricValue metric) => metric.IsFraction ? $"{metric.Name} %" : metric.Name;

    internal static IEnumerable<object> Fields(TaskMeasurement measurement) => measurement.Metrics.Select(metric => new
    {
        metric.Name,
        metric.Value,
        StandardError = double.IsNaN(metric.StandardError) ? (double?)null : metric.StandardError,
        metric.IsFraction,
        metric.IsHigherBetter,
    });

    static string Shown(MetricValue metric, double value) => metric.IsFraction ? Figures.Percent(value) : Figures.Plain(value);
}
