using OnnxEdit.Engine.Finetuning;
using OnnxEdit.Engine.Training;
using OnnxEdit.Surgery.Model;
using ScottPlot;

namespace OnnxEdit.Cli;

/// <summary>Draws how a training went: losses to the left, accuracy or the metric of another task to the right.</summary>
static class LossCurve
{
    const int Width = 960, Height = 540;

    /// <summary>Writes a PNG.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="report">The training.</param>
    /// <param name="overwrite">Whether a file that is there may be replaced.</param>
    internal static void Save(string path, FinetuneReport report, bool overwrite)
    {
        using var plot = new Plot();
        Line(plot, "training loss", Colors.Grey, report.Curve, p => p.Training);
        Line(plot, "validation loss", Colors.SteelBlue, report.Curve, p => p.Validation);
        plot.XLabel("step");
        plot.YLabel("loss");
        var metric = report.Curve.Select(p => p.Metric).FirstOrDefault(m => m is not null);
        var good = metric is null ? Line(plot, "validation top-1", Colors.DarkOrange, report.Curve, p => 100 * (p.Top1 ?? double.NaN))
            : Line(plot, $"validation {metric.Name}", Colors.DarkOrange, report.Curve, p => (metric.IsFraction ? 100 : 1) * (p.Metric?.Value ?? double.NaN));
        if (good is not null)
        {
            good.Axes.YAxis = plot.Axes.Right;
            plot.Axes.Right.Label.Text = metric is null ? "top-1 %" : TaskReport.Header(metric);
        }
        plot.Axes.Margins(0.02, 0.08);
        plot.Axes.AutoScale();
        var kept = plot.Add.VerticalLine(report.BestStep, 1, Colors.Black, LinePattern.Dotted);
        kept.LegendText = "kept";
        plot.ShowLegend(Edge.Bottom).Legend.Orientation = Orientation.Horizontal;
        var image = plot.GetImageBytes(Width, Height, ImageFormat.Png);
        AtomicFile.Write(path, stream => stream.Write(image), overwrite);
    }

    // Points without a value, such as the training loss before the first step, are left out.
    static ScottPlot.Plottables.Scatter? Line(Plot plot, string name, Color color, IReadOnlyList<LossPoint> curve, Func<LossPoint, double> value)
    {
        LossPoint[] points = [.. curve.Where(p => double.IsFinite(value(p)))];
        if (points.Length == 0) return null;
        var line = plot.Add.Scatter(points.Select(p => (double)p.Step).ToArray(), points.Select(value).ToArray(), color);
        line.LegendText = name;
        line.LineWidth = 2;
        return line;
    }
}
