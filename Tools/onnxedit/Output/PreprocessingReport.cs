using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery;

namespace OnnxEdit.Cli;

/// <summary>Prints the ranking of normalisations.</summary>
static class PreprocessingReport
{
    internal static void Write(CommandContext context, PreprocessingSearch search)
    {
        if (context.Global.Json)
        {
            context.Output.Json("try-preprocess", 1, Fields(search));
        }
        else
        {
            var table = new ResultTable("normalisation", "top-1 %", "mean margin", "<options");
            foreach (var trial in search.Trials)
                table.Row(trial.Name, Figures.Percent(trial.Evaluation.Top1), Figures.Plain(trial.Evaluation.MeanMargin), Figures.Options(trial.Preprocessing));
            context.Output.Table(table);
            var ties = search.Ties.Select(trial => trial.Name).ToArray();
            context.Output.Line(ties.Length == 0
                ? $"{search.Best.Name} is best on {Figures.Count(search.Best.Evaluation.Count)} images."
                : $"{Figures.Count(search.Best.Evaluation.Count)} images cannot tell {search.Best.Name} from: {string.Join("; ", ties)}. Add images with --limit.");
        }

        if (search.IsIndifferent)
            context.Output.Warn("the normalisation makes no difference: float arrays are taken as they are, or the model normalises its input itself.");
        else if (search.IsNearChance)
            context.Output.Warn($"even the best normalisation is close to guessing ({Figures.Percent(search.Chance)} %): check the labels (--labels), the layout and the data itself.");
    }

    static object Fields(PreprocessingSearch search) => new
    {
        Images = search.Best.Evaluation.Count,
        search.Chance,
        search.IsNearChance,
        search.IsIndifferent,
        Trials = search.Trials.Select(trial => new
        {
            trial.Name,
            trial.Evaluation.Top1,
            trial.Evaluation.MeanMargin,
            trial.Preprocessing.Scale,
            trial.Preprocessing.Mean,
            trial.Preprocessing.Std,
            trial.Preprocessing.Bgr,
            Layout = trial.Preprocessing.Layout is { } layout ? Words.Of(layout) : null,
        }),
        Ties = search.Ties.Select(trial => trial.Name),
    };
}
