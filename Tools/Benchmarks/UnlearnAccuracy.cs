using System.Diagnostics;
using System.Globalization;
using OnnxEdit.Engine;

namespace OnnxEdit.Benchmarks;

/// <summary>Forgets each class in turn and measures what is left of it and of the others on the test images.</summary>
static class UnlearnAccuracy
{
    sealed record Row(int Class, UnlearnReport Report, double Seconds)
    {
        public double Forgotten => 100 * Report.ForgottenAccuracy.After;

        public double Drop => -100 * Report.Retained.Difference;

        // How far above chance the probe is, relative to the original.
        public double Probe => (Report.Probe[0].After - 0.5) / (Report.Probe[0].Before - 0.5);
    }

    /// <summary>Runs: models, classes (all), methods (refit).</summary>
    public static int Run(string[] args)
    {
        int[] classes = args.Length > 1 && args[1] != "all" ? [.. args[1].Split(',').Select(c => int.Parse(c, CultureInfo.InvariantCulture))] : [.. Enumerable.Range(0, 10)];
        var methods = args.Length > 2 ? args[2].Split(',') : ["refit"];
        Console.WriteLine("| model | method | class | forgotten % before | after | others % before | after | drop | s.e. | probe before | after | seconds |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (var name in args[0].Split(','))
            foreach (var method in methods)
            {
                Row[] rows = [.. classes.Select(c => Once(name, method, c))];
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"| {name} | {method} | mean (worst) | | **{rows.Average(r => r.Forgotten):F2} ({rows.Max(r => r.Forgotten):F2})** | | | **{rows.Average(r => r.Drop):F2} ({rows.Max(r => r.Drop):F2})** | {rows.Average(r => 100 * r.Report.Retained.StandardError):F2} | {rows.Average(r => r.Report.Probe[0].Before):F3} | {rows.Average(r => r.Report.Probe[0].After):F3} ({rows.Max(r => r.Report.Probe[0].After):F3}); above chance {rows.Average(r => r.Probe):F2} ({rows.Max(r => r.Probe):F2}) of the original | {rows.Average(r => r.Seconds):F0} |"));
            }
        return 0;
    }

    static Row Once(string name, string method, int @class)
    {
        var data = SharedCifar.Data(name, 0);
        var watch = Stopwatch.StartNew();
        var options = new UnlearnOptions { Classes = [@class], Method = Enum.Parse<UnlearnMethod>(method.Replace("-", "", StringComparison.Ordinal), ignoreCase: true) };
        var report = Unlearner.Unlearn(SharedCifar.Model(name), data, options).Report;
        var row = new Row(@class, report, watch.Elapsed.TotalSeconds);
        var (forgotten, retained) = (report.ForgottenAccuracy, report.RetainedAccuracy);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {name} | {method} | {@class} | {100 * forgotten.Before:F2} | {row.Forgotten:F2} | {100 * retained.Before:F2} | {100 * retained.After:F2} | {row.Drop:F2} | {100 * report.Retained.StandardError:F2} | {report.Probe[0].Before:F3} | {report.Probe[0].After:F3} | {row.Seconds:F0} |"));
        return row;
    }
}
