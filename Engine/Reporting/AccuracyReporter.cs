using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Reporting;

/// <summary>Measures how the answers of two models on the same images differ.</summary>
static class AccuracyReporter
{
    /// <summary>Runs the models over the labelled images.</summary>
    /// <exception cref="OnnxEngineException">The models do not tell the same number of classes apart (<see cref="ErrorKind.Model"/>).</exception>
    internal static AccuracyChange Measure(
        OnnxModel? before, OnnxModel after, ItemSet images, IReadOnlyList<string>? names, ReportOptions options,
        IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        var output = options.Evaluation.Output;
        RequireSame(before is null ? null : ClassifierSignature.Measured(before.Proto, output).Classes, ClassifierSignature.Measured(after.Proto, output).Classes);
        var now = options.Known?.After ?? Evaluator.Evaluate(after, images, options.Evaluation, progress, cancellation);
        var was = before is null ? null : options.Known?.Before ?? Evaluator.Evaluate(before, images, options.Evaluation, progress, cancellation);
        RequireSame(was?.Classes, now.Classes);
        return new AccuracyChange
        {
            Images = now.Count,
            Before = was is null ? null : Summary(was),
            After = Summary(now),
            Difference = was is null ? null : PairedDifference.Of(was.Correct, now.Correct),
            ChangedPredictions = was is null ? null : now.ChangedFrom(was),
            Classes = [.. now.PerClass.Where(c => c.Count > 0).Select(c => Class(c, was, now, names))],
            Margins = PairedHistogram.Of(was?.Margins, now.Margins, options.Bins),
            Confusions = was is null ? [] : Confusions(was, now),
        };
    }

    // Not every graph declares its classes, so they are compared once more when they are known.
    static void RequireSame(int? before, int? after)
    {
        if (before is { } was && after is { } now && was != now)
            throw new OnnxEngineException(
                ErrorKind.Model, $"The model before tells {was} classes apart and the one after {now}; a report compares models with the same classes, so name others or leave out ModelComparison.Measure(before).");
    }

    static ModelAccuracy Summary(Evaluation e) => new(e.Top1, e.StandardError, e.Top5, e.MeanMargin);

    static ClassChange Class(ClassAccuracy now, Evaluation? before, Evaluation after, IReadOnlyList<string>? names)
    {
        var name = names?.ElementAtOrDefault(now.Class);
        if (before is null) return new ClassChange(now.Class, name, now.Count, null, now.Correct, null);
        int[] own = [.. Enumerable.Range(0, after.Count).Where(i => after.Labels[i] == now.Class)];
        return new ClassChange(
            now.Class, name, now.Count, before.PerClass[now.Class].Correct, now.Correct,
            PairedDifference.Of([.. own.Select(i => before.Correct[i])], [.. own.Select(i => after.Correct[i])]));
    }

    static ConfusionChange[] Confusions(Evaluation before, Evaluation after)
    {
        var (was, now) = (Errors(before), Errors(after));
        return [.. was.Keys.Union(now.Keys)
            .Select(pair => new ConfusionChange(pair.Label, pair.Predicted, was.GetValueOrDefault(pair), now.GetValueOrDefault(pair)))
            .Where(c => c.Before != c.After)
            .OrderByDescending(c => Math.Abs(c.After - c.Before)).ThenBy(c => c.Label).ThenBy(c => c.Predicted)];
    }

    static Dictionary<(int Label, int Predicted), int> Errors(Evaluation evaluation) =>
        Enumerable.Range(0, evaluation.Count).Where(i => !evaluation.Correct[i])
            .CountBy(i => (evaluation.Labels[i], evaluation.Predicted[i])).ToDictionary();
}
