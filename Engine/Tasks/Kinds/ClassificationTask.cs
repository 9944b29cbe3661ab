using System.Numerics.Tensors;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Tasks.OwnAnswers;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Tasks.Kinds;

/// <summary>Which of several classes an item belongs to: one score per class, of pictures, texts or rows of a table.</summary>
sealed class ClassificationTask : ModelTask
{
    /// <summary>Its name.</summary>
    internal const string Word = "classification";

    /// <inheritdoc/>
    public override string Name => Word;

    /// <inheritdoc/>
    public override string? Help => "one score per class; accuracy, top5";

    /// <inheritdoc/>
    public override string? Obstacle(TaskSubject subject)
    {
        try
        {
            _ = ClassifierSignature.Measured(subject.Model, subject.Options.Output);
            return null;
        }
        catch (OnnxEngineException no) when (no.Kind == ErrorKind.Model)
        {
            return $"is no classifier: {no.Message.Replace(ClassifierSignature.Refusal, "", StringComparison.Ordinal).TrimEnd('.')}";
        }
    }

    /// <summary>Not where the scores may as well be a text's embedding: an encoder returns a vector for each token and one for all.</summary>
    public override bool IsTelling(TaskSubject subject) => subject.Options.Output is not null || EmbeddingTask.TokenVectors(subject).Count == 0;

    /// <inheritdoc/>
    public override bool IsLabelled(ItemSet items) => items.IsLabelled;

    /// <inheritdoc/>
    public override bool Fits(TaskSubject subject, ItemSet items) => IsLabelled(items)
        && (IsTelling(subject) || ClassifierSignature.Measured(subject.Model, subject.Options.Output).Classes == Enumerable.Range(0, items.Count).Max(items.Label) + 1);

    /// <inheritdoc/>
    public override (IReadOnlyList<string> Tensors, string Said) Reads(TaskSubject subject)
    {
        var signature = ClassifierSignature.Measured(subject.Model, subject.Options.Output);
        return ([signature.LogitsName], $"the class scores '{signature.OutputName}'");
    }

    /// <summary>Not here: classifiers are explained by the margin of the class that the label says.</summary>
    public override TaskAnswer Answer(TaskSubject subject) => throw new NotSupportedException("Classifiers are explained by their labels.");

    /// <inheritdoc/>
    public override LabelledMeter Measure(TaskSubject subject, ItemSet items) => throw new NotSupportedException("Accuracy is measured whole.");

    /// <inheritdoc/>
    public override TaskMeasurement Measure(TaskSubject subject, ItemSet items, IProgress<WorkProgress>? progress, CancellationToken cancellation) =>
        Of(Evaluator.Evaluate(subject.Model, items, subject.Options, progress, cancellation));

    /// <summary>An accuracy as the measurement of this task.</summary>
    public TaskMeasurement Of(Evaluation evaluation)
    {
        List<MetricValue> metrics = [new("accuracy", evaluation.Top1) { ItemScores = [.. evaluation.Correct.Select(isCorrect => isCorrect ? 1.0 : 0)] }];
        if (evaluation.Classes > 5) metrics.Add(new("top5", evaluation.Top5));
        return new TaskMeasurement(Name, evaluation.Count, metrics) { Classification = evaluation };
    }

    /// <inheritdoc/>
    public override AgreementMeter Agree(TaskSubject subject, ItemSet items) =>
        new Predictions(ClassifierSignature.Measured(subject.Model, subject.Options.Output).IsBinary, items.Count);

    sealed class Predictions(bool isBinary, int items) : AgreementMeter
    {
        readonly double[] _same = new double[items];
        readonly double[] _divergence = new double[items];
        readonly HashSet<int> _classes = [];

        public override void Add(int item, IReadOnlyList<ItemOutput> original, IReadOnlyList<ItemOutput> edited)
        {
            var (first, second) = (Scores(original[0].Values), Scores(edited[0].Values));
            _classes.Add(TensorPrimitives.IndexOfMax(first));
            _same[item] = TensorPrimitives.IndexOfMax(first) == TensorPrimitives.IndexOfMax(second) ? 1 : 0;
            var (p, q) = (LogProbabilities(first), LogProbabilities(second));
            for (var c = 0; c < p.Length; c++)
                if (Math.Exp(p[c]) is > 0 and var share) _divergence[item] += share * (p[c] - q[c]);
        }

        public override IReadOnlyList<MetricValue> Complete() => _classes.Count < 2 && items > 1
            ? throw new OnnxEngineException(ErrorKind.Data, $"The original takes all {items} items for class {_classes.Single()}, so agreement with it says nothing; give items that it tells apart.") :
        [
            new("agreement", _same.Average()) { ItemScores = _same },
            new("kl", _divergence.Average()) { IsFraction = false, IsHigherBetter = false, ItemScores = _divergence },
        ];

        float[] Scores(float[] values) => isBinary ? [0, values[0]] : values;

        static double[] LogProbabilities(float[] logits)
        {
            var largest = logits.Max();
            var sum = Math.Log(logits.Sum(value => Math.Exp((double)value - largest))) + largest;
            return Array.ConvertAll(logits, value => value - sum);
        }
    }
}
