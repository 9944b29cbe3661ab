using OnnxEdit.Engine.Tasks.Trials;
using OnnxEdit.Surgery;

namespace OnnxEdit.Cli;

/// <summary>Prints the ranking of normalisations.</summary>
static class PreprocessingReport
{
    /// <param name="context">The call.</param>
    /// <param name="search">What was found.</param>
    /// <param name="labels">The map that the labels went through, or null.</param>
    internal static void Write(CommandContext context, PreprocessingSearch search, IReadOnlyDictionary<int, int>? labels)
    {
        if (context.Global.Json)
        {
            context.Output.Json("try-preprocess", 1, Fields(search, labels));
        }
        else
        {
            context.Output.Table(Table(search));
            var ties = search.Ties.Select(trial => trial.Name).ToArray();
            var images = Figures.Count(search.Best.Images);
            if (!search.IsIndifferent && !IsUnknown(search))
                context.Output.Line(ties.Length == 0
                    ? $"{search.Best.Name} is best on {images} images."
                    : $"{images} images cannot tell {search.Best.Name} from: {string.Join("; ", ties)}. {(search.IsCutShort ? "Compare them by eval with their options on all images." : "Add images with --limit.")}");
            if (!search.IsIndifferent && !IsUnknown(search)) context.Output.Line($"Options: {Options(search, labels)}");
        }

        if (search.IsCutShort) context.Output.Note("Not all images were looked at, which keeps the search short; what was given up on few of them was worse by more than chance, or not among the best dozen.");
        if (search.OtherLabels is { } other)
            context.Output.Warn($"the labels are the likelier cause, not the pixels: as they are, at most {Figures.Percent(search.Trials.Max(t => t.Top1))} % are right under any normalisation, and with --labels {other.MappingText(labels)} (or --labels auto) {Figures.Percent(other.MappedAccuracy)} % under {search.Best.Name}.");
        else if (search.IsNearChance)
            context.Output.Warn($"even the best normalisation is close to guessing ({Figures.Percent(search.Chance)} %), and {(search.IsCutShort ? "so few images do not tell whether other labels would fit (--labels auto looks at more)" : "no other order of the labels fits the predictions either")}: check that this is the model's data, the output (--output) and the size of the pictures (--resize), or give the normalisation that the model was trained with (--mean, --std).");
        if (search.IsIndifferent)
            context.Output.Warn("the normalisation makes no difference: float arrays are taken as they are, or the model normalises its input itself.");
    }

    // Of trials that all guess none is worth typing.
    static bool IsUnknown(PreprocessingSearch search) => search.IsNearChance && search.OtherLabels is null;

    static ResultTable Table(PreprocessingSearch search)
    {
        var isMapped = search.OtherLabels is not null;
        var table = isMapped ? new ResultTable("normalisation", "images", "top-1 %", "other labels %", "<options") : new ResultTable("normalisation", "images", "top-1 %", "mean margin", "<options");
        foreach (var trial in search.Trials)
            table.Row(trial.Name, Figures.Count(trial.Images), Figures.Percent(trial.Top1), isMapped ? Figures.Percent(PreprocessingTrial.Share(trial.Mapped)) : Figures.Plain(trial.MeanMargin), Figures.Options(trial.Preprocessing));
        return table;
    }

    static string Options(PreprocessingSearch search, IReadOnlyDictionary<int, int>? labels) =>
        Figures.Options(search.Best.Preprocessing) + (search.OtherLabels is { } other ? $" --labels {other.MappingText(labels)}" : "");

    static object Fields(PreprocessingSearch search, IReadOnlyDictionary<int, int>? labels) => new
    {
        search.Best.Images,
        search.Chance,
        search.IsNearChance,
        search.IsIndifferent,
        search.IsCutShort,
        Options = search.IsIndifferent || IsUnknown(search) ? null : Options(search, labels),
        Labels = search.OtherLabels?.MappingText(labels),
        LabelledTop1 = search.OtherLabels?.MappedAccuracy,
        Trials = search.Trials.Select(trial => new
        {
            trial.Name,
            trial.Images,
            trial.IsRuledOut,
            trial.Top1,
            trial.MeanMargin,
            trial.Preprocessing.Scale,
            trial.Preprocessing.Mean,
            trial.Preprocessing.Std,
            trial.Preprocessing.Bgr,
            Layout = trial.Preprocessing.Layout is { } layout ? Words.Of(layout) : null,
            Options = Figures.Options(trial.Preprocessing),
        }),
        Ties = search.Ties.Select(trial => trial.Name),
    };
}
