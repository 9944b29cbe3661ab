using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Unlearning;

/// <summary>Measures models on labelled images: accuracy, and how well classes can be read out of what the last layer reads.</summary>
sealed class ForgetMeter(LastLayer last, UnlearnOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
{
    /// <summary>Accuracy, and the features of every image.</summary>
    internal sealed record Measured(Evaluation Evaluation, float[][] Features);

    /// <summary>Measures a form of the model.</summary>
    /// <param name="model">Its graph; the features have the same name in all of them.</param>
    /// <param name="images">Labelled images.</param>
    public Measured Measure(ModelProto model, ItemSet images)
    {
        var weights = model.Graph.Initializer.First(t => t.Name == last.Unit.Node.Input[1]).Dims;
        var rows = new float[images.Count][];
        using var session = new ClassifierSession(model, options.Evaluation.Output, options.Evaluation.Batch, last.Features);
        var evaluation = Evaluator.Evaluate(session, images, progress, cancellation, (first, count, values) =>
        {
            var length = values.Length / count;
            for (var i = 0; i < count; i++) rows[first + i] = last.Pooled(values.Slice(i * length, length), weights);
        });
        return new Measured(evaluation, rows);
    }

    /// <summary>How well each class to forget is read out of the features before and after.</summary>
    public ProbeResult[] Probes(Measured before, Measured after, ItemSet images) => [.. options.Classes.Select(c =>
    {
        bool[] own = [.. Enumerable.Range(0, images.Count).Select(i => images.Label(i) == c)];
        return own.Count(o => o) < LinearProbe.Folds ? new ProbeResult(c, 0.5, 0.5)
            : new ProbeResult(c, LinearProbe.BalancedAccuracy(before.Features, own), LinearProbe.BalancedAccuracy(after.Features, own));
    })];

    /// <summary>The comparison that a report prints.</summary>
    public UnlearnMeasurement Compare(Measured before, Measured after, ItemSet images)
    {
        var isForgotten = Enumerable.Range(0, images.Count).Select(i => options.Classes.Contains(images.Label(i))).ToArray();
        PairedDifference Difference(bool forgotten) => PairedDifference.Of(
            [.. before.Evaluation.Correct.Where((_, i) => isForgotten[i] == forgotten)], [.. after.Evaluation.Correct.Where((_, i) => isForgotten[i] == forgotten)]);
        return new UnlearnMeasurement
        {
            Classes = options.Classes,
            Before = before.Evaluation,
            After = after.Evaluation,
            Forgotten = Difference(true),
            Retained = Difference(false),
            WentTo = [.. Enumerable.Range(0, after.Evaluation.Classes).Select(c => after.Evaluation.Predicted.Where((p, i) => p == c && isForgotten[i]).Count())],
            Probe = Probes(before, after, images),
        };
    }
}
