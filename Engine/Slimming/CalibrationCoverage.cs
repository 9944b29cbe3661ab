using System.Numerics.Tensors;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Slimming;

/// <summary>
/// Whether the items that a classifier is re-fitted to stand for all that it tells apart: with ten of a thousand classes it is made
/// to serve these ten, and figures on the same ten are flattered.
/// </summary>
static class CalibrationCoverage
{
    /// <summary>Items looked at.</summary>
    const int Items = 300;

    /// <summary>Models of fewer classes are not asked: any data is unlike theirs, or has most of them.</summary>
    const int LeastClasses = 16;

    /// <summary>Predictions that spread like this share of what they could, or less, are said.</summary>
    const double Share = 0.25;

    /// <summary>A sentence where predictions on the items cover few of the classes, or null.</summary>
    /// <param name="model">The original.</param>
    /// <param name="output">The logits, as given.</param>
    /// <param name="items">Calibration items.</param>
    /// <param name="progress">Told how many are done.</param>
    /// <param name="cancellation">Stops between batches.</param>
    public static string? Note(OnnxModel model, string? output, ItemSet items, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        if (ClassifierSignature.Measured(model.Proto, output).Classes is > 0 and < LeastClasses) return null;
        var count = Math.Min(Items, items.Count);
        var counts = new Dictionary<int, int>();
        using var session = new ClassifierSession(model, output);
        session.Run(items.Select([.. Enumerable.Range(0, count).Select(i => (int)((long)i * items.Count / count))]), (_, rows, logits) =>
        {
            var classes = logits.Length / rows;
            for (var i = 0; i < rows; i++)
            {
                var best = TensorPrimitives.IndexOfMax(logits.Slice(i * classes, classes));
                counts[best] = counts.GetValueOrDefault(best) + 1;
            }
        }, progress, cancellation);
        var entropy = -counts.Values.Sum(n => (double)n / count * Math.Log((double)n / count));
        var (spread, all) = (Math.Exp(entropy), session.Classes);
        return all < LeastClasses || spread > Share * Math.Min(all, count / 2.0) ? null
            : FormattableString.Invariant($"The calibration items cover few of the classes that the model answers: its predictions on {count:N0} of them spread like {spread:F0} of {all:N0} classes. It is re-fitted to serve these, and figures on the same classes flatter it; give items like those it will meet (DataOptions.Path).");
    }
}
