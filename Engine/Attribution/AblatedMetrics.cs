using OnnxEdit.Engine.Attribution.Ablations;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Attribution;

/// <summary>
/// What the task's metric is worth without the components that attributions call least and most important, beside as many drawn at random:
/// in the unit of whoever uses the model, which an answer is not. On the examples that the attributions are of.
/// </summary>
/// <param name="Whole">The metric of the model as it is; agreement with itself where the examples have no labels of the task.</param>
/// <param name="Rows">The same without some of its components.</param>
sealed record AblatedMetrics(TaskMeasurement Whole, IReadOnlyList<AblatedMetric> Rows)
{
    /// <summary>Random sets of components, whose mean is taken.</summary>
    const int Draws = 5;

    /// <summary>Measures it.</summary>
    /// <param name="attributions">The attributions; a component counts as much as they say in the mean over the examples, for or against the answer.</param>
    /// <param name="shares">Shares of the components to ablate.</param>
    /// <param name="without">The model without some of its components, with its own inputs and outputs.</param>
    /// <param name="items">The examples.</param>
    /// <param name="options">The task, output and pooling.</param>
    /// <param name="seed">Seed of the draws.</param>
    /// <param name="progress">Told how many models were measured.</param>
    /// <param name="cancellation">Ends the work early.</param>
    public static AblatedMetrics Of(
        Attributions attributions, IReadOnlyList<double> shares, Func<int[], ModelProto> without, ItemSet items, EvaluationOptions options, ulong seed,
        IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        var count = attributions.Components.Count;
        int[] order = [.. Enumerable.Range(0, count).OrderBy(j => attributions.Scores.Average(row => Math.Abs((double)row[j]))).ThenBy(j => j)];
        var original = without([]);
        var isLabelled = ModelTasks.Table.Of(options.Task!).IsLabelled(items);
        var (done, all) = (0, 1 + shares.Count * (2 + Draws));
        TaskMeasurement Measured(int[] gone)
        {
            var model = gone.Length == 0 ? original : without(gone);
            var found = isLabelled ? TaskEvaluator.Measure(model, items, options, null, cancellation) : TaskEvaluator.Agree(original, model, items, options, null, cancellation);
            progress?.Report(new WorkProgress("ablated models", ++done, all));
            return found;
        }
        List<AblatedMetric> rows = [];
        var whole = Measured([]);
        foreach (var share in shares)
        {
            var some = Math.Clamp((int)Math.Round(share * count), 1, count);
            var design = new MaskDesign(MaskDesignKind.ExactCount, count, (double)some / count, seed);
            rows.Add(new("least important", share, some, 1, Measured(order[..some]).Main));
            double[] random = [.. Enumerable.Range(0, Draws).Select(draw => Measured(design.Ablated(draw, RandomStreams.ComparedMasks)).Main.Value)];
            rows.Add(new("random", share, some, Draws, whole.Main with { Value = random.Average(), ItemScores = null }));
            rows.Add(new("most important", share, some, 1, Measured(order[^some..]).Main));
        }
        return new AblatedMetrics(whole, rows);
    }
}

/// <summary>A metric without some components.</summary>
/// <param name="Which">Which were ablated: "least important", "most important" or "random".</param>
/// <param name="Share">The share of all components that was asked for.</param>
/// <param name="Components">How many these are.</param>
/// <param name="Draws">Sets that the value is the mean of.</param>
/// <param name="Value">The value.</param>
sealed record AblatedMetric(string Which, double Share, int Components, int Draws, MetricValue Value);
