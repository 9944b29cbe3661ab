using OnnxEdit.Engine.Reporting;
using OnnxEdit.Engine.Tasks;

namespace OnnxEdit.Cli;

/// <summary>The report as JSON, schema "onnxedit.report/1": the same content as the page.</summary>
static class ReportJson
{
    internal static object Fields(ComparisonReport report, string command, string target) => new
    {
        Out = target,
        report.Before,
        report.After,
        Sentences = ChangeSection.Sentences(report),
        report.Edits,
        report.IsSource,
        Accuracy = report.Accuracy is { } accuracy ? Accuracy(accuracy) : null,
        Task = report.TaskAfter is { } task ? new { task.Task, task.Items, task.Reading, task.IsAgreement, Before = report.TaskBefore is { } was ? TaskReport.Fields(was) : null, After = TaskReport.Fields(task) } : null,
        report.NoAccuracyBecause,
        report.Layers,
        UnmatchedLayers = report.Before is null ? (int?)null : report.Unmatched,
        Latency = report.Latency.Select(time => new
        {
            time.Batch,
            time.Pairs,
            BeforeMilliseconds = report.Before is null ? (Quartiles?)null : time.First,
            AfterMilliseconds = time.Second ?? time.First,
            time.SpeedUp,
            BeforeTimes = report.Before is null ? null : time.FirstTimes,
            AfterTimes = report.Before is null ? time.FirstTimes : time.SecondTimes,
        }),
        report.Environment,
        report.Notes,
        Command = command,
    };

    static object Accuracy(AccuracyChange accuracy) => new
    {
        accuracy.Images,
        accuracy.Before,
        accuracy.After,
        Difference = Difference(accuracy.Difference),
        accuracy.ChangedPredictions,
        Classes = accuracy.Classes.Select(c => new
        {
            c.Class,
            c.Name,
            c.Images,
            c.CorrectBefore,
            c.CorrectAfter,
            c.Before,
            c.After,
            c.ErrorBefore,
            c.ErrorAfter,
            Difference = Difference(c.Difference),
        }),
        accuracy.Margins,
        accuracy.Confusions,
    };

    static object? Difference(PairedDifference? difference) => difference is { } d
        ? new { Points = 100 * d.Difference, StandardError = 100 * d.StandardError, Images = d.Count, d.OnlyFirst, d.OnlySecond }
        : null;
}
