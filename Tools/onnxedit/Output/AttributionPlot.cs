using OnnxEdit.Engine.Attribution;
using OnnxEdit.Surgery.Model;
using ScottPlot;

namespace OnnxEdit.Cli;

/// <summary>Draws attributions: how well they predict, and which components count.</summary>
static class AttributionPlot
{
    const int Width = 960, Height = 640;

    /// <summary>Draws mean answers over mean predictions of tenths of all pairs of an example and a fresh mask.</summary>
    /// <param name="path">Where to, a PNG.</param>
    /// <param name="found">One series each.</param>
    /// <param name="overwrite">Whether a file that is there may be replaced.</param>
    internal static void Calibration(string path, IReadOnlyList<AttributionEvaluation> found, bool overwrite)
    {
        using var plot = new Plot();
        double[] ends = [found.Min(f => f.Calibration.Min(c => c.Predicted)), found.Max(f => f.Calibration.Max(c => c.Predicted))];
        var diagonal = plot.Add.Scatter(ends, ends, Colors.Grey);
        (diagonal.LegendText, diagonal.LinePattern, diagonal.MarkerSize) = ("as predicted", LinePattern.Dotted, 0);
        foreach (var f in found)
        {
            var line = plot.Add.Scatter(f.Calibration.Select(c => c.Predicted).ToArray(), f.Calibration.Select(c => c.Actual).ToArray());
            (line.LegendText, line.LineWidth) = (FormattableString.Invariant($"alpha {f.Alpha}, correlation {f.Mean:F3}"), 2);
        }
        plot.XLabel("predicted change of the answer");
        plot.YLabel("actual change, mean of a tenth");
        plot.ShowLegend(Alignment.UpperLeft);
        Save(plot, path, overwrite);
    }

    /// <summary>Draws the scores of some components as bars, with twice their standard error, the first one on top.</summary>
    /// <param name="path">Where to, a PNG.</param>
    /// <param name="title">What they are of.</param>
    /// <param name="components">Name, score and standard error (NaN: not known).</param>
    /// <param name="overwrite">Whether a file that is there may be replaced.</param>
    internal static void Components(string path, string title, IReadOnlyList<(string Name, double Score, double Error)> components, bool overwrite)
    {
        using var plot = new Plot();
        double[] places = [.. Enumerable.Range(0, components.Count).Select(i => (double)(components.Count - i))];
        var bars = plot.Add.Bars(components.Select((c, i) => new Bar
        {
            Position = places[i],
            Value = c.Score,
            Error = double.IsNaN(c.Error) ? 0 : 2 * c.Error,
            FillColor = c.Score < 0 ? Colors.DarkOrange : Colors.SteelBlue,
        }).ToArray());
        bars.Horizontal = true;
        plot.Axes.Left.SetTicks(places, [.. components.Select(c => c.Name)]);
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.Title(title);
        plot.XLabel("contribution to the answer");
        Save(plot, path, overwrite);
    }

    static void Save(Plot plot, string path, bool overwrite)
    {
        var image = plot.GetImageBytes(Width, Height, ImageFormat.Png);
        AtomicFile.Write(path, stream => stream.Write(image), overwrite);
    }
}
