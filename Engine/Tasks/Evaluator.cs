using System.Numerics.Tensors;
using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Tasks;

/// <summary>Measures the accuracy of classifiers.</summary>
public static class Evaluator
{
    /// <summary>Runs the model on every labelled image of the set.</summary>
    /// <param name="model">The classifier.</param>
    /// <param name="images">The images; those without a label are left out.</param>
    /// <param name="options">Which output, which batch; null: defaults.</param>
    /// <param name="progress">Told how many images are done.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <exception cref="OnnxEngineException">Not a classifier, NaN scores, no labels, or labels the model has no output for.</exception>
    /// <exception cref="OnnxSurgeryException">ONNX Runtime refuses the model.</exception>
    public static Evaluation Evaluate(
        OnnxModel model,
        ItemSet images,
        EvaluationOptions? options = null,
        IProgress<WorkProgress>? progress = null,
        CancellationToken cancellation = default) => Evaluate(model.Proto, images, options, progress, cancellation);

    /// <summary>The same on a graph that is no model of its own yet.</summary>
    /// <inheritdoc cref="Evaluate(OnnxModel, ItemSet, EvaluationOptions?, IProgress{WorkProgress}?, CancellationToken)"/>
    internal static Evaluation Evaluate(
        ModelProto model, ItemSet images, EvaluationOptions? options = null, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new EvaluationOptions();
        using var execution = ExecutionOptions.Enter(options.Execution);
        using var session = new ClassifierSession(model, options.Output, options.Batch);
        return Evaluate(session, images, progress, cancellation);
    }

    /// <summary>The same on a loaded model, for several sets or settings in a row.</summary>
    /// <param name="session">The model.</param>
    /// <param name="images">The images; those without a label are left out.</param>
    /// <param name="progress">Told how many images are done.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <param name="readInner">Gets the inner tensor of the labelled images, if the session hands one over.</param>
    /// <inheritdoc cref="Evaluate(OnnxModel, ItemSet, EvaluationOptions?, IProgress{WorkProgress}?, CancellationToken)"/>
    internal static Evaluation Evaluate(
        ClassifierSession session, ItemSet images, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default, LogitsReader? readInner = null)
    {
        var labelled = Labelled(images);
        var correct = new bool[labelled.Count];
        var labels = new int[labelled.Count];
        var predicted = new int[labelled.Count];
        var top5 = 0;
        var margins = new double[labelled.Count];
        session.Run(labelled, (first, count, logits) =>
        {
            var classes = session.Classes;
            for (var i = 0; i < count; i++)
            {
                var label = CheckedLabel(labelled.Label(first + i), classes);
                var (rank, margin) = Score(logits.Slice(i * classes, classes), label);
                labels[first + i] = label;
                predicted[first + i] = TensorPrimitives.IndexOfMax(logits.Slice(i * classes, classes));
                correct[first + i] = rank == 0;
                top5 += rank < 5 ? 1 : 0;
                margins[first + i] = margin;
            }
        }, progress, cancellation, readInner);

        var perClass = new (int Count, int Correct)[session.Classes];
        for (var i = 0; i < labels.Length; i++)
            perClass[labels[i]] = (perClass[labels[i]].Count + 1, perClass[labels[i]].Correct + (correct[i] ? 1 : 0));
        return new Evaluation
        {
            Count = labels.Length,
            Top1 = (double)correct.Count(isCorrect => isCorrect) / labels.Length,
            Top5 = (double)top5 / labels.Length,
            MeanMargin = margins.Average(),
            PerClass = [.. perClass.Select((tally, index) => new ClassAccuracy(index, tally.Count, tally.Correct))],
            Correct = correct,
            Predicted = predicted,
            Labels = labels,
            Margins = margins,
            OutputName = session.Signature.OutputName,
        };
    }

    /// <summary>How many classes score higher than the label (ties go to the lower index, as in argmax), and the margin over the best other.</summary>
    static (int Rank, double Margin) Score(ReadOnlySpan<float> logits, int label)
    {
        var own = logits[label];
        var rank = 0;
        var best = float.NegativeInfinity;
        for (var k = 0; k < logits.Length; k++)
        {
            if (k == label)
                continue;
            if (logits[k] > own || (logits[k] == own && k < label))
                rank++;
            best = Math.Max(best, logits[k]);
        }

        return (rank, (double)own - best);
    }

    static ItemSet Labelled(ItemSet images)
    {
        var indices = Enumerable.Range(0, images.Count).Where(index => images.Label(index) >= 0).ToArray();
        if (indices.Length == 0)
            throw new OnnxEngineException(ErrorKind.Data, "The data holds no labelled item, so accuracy cannot be measured; use data with labels.");
        return indices.Length == images.Count ? images : images.Select(indices);
    }

    static int CheckedLabel(int label, int classes) => label < classes ? label : throw new OnnxEngineException(
        ErrorKind.Data, $"The data holds label {label} but the model has {classes} outputs; map labels to outputs with DataOptions.LabelMap, e.g. DataOptions.LabelMap = 3=0,5=1.");
}
