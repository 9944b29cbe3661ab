using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Engine.Tasks.Metrics;
using OnnxEdit.Engine.Tasks.OwnAnswers;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Tasks.Kinds;

/// <summary>Vectors whose nearness says how alike items are. They are compared by cosine.</summary>
sealed class EmbeddingTask : ModelTask
{
    /// <summary>Neighbours whose recall is measured.</summary>
    const int Neighbours = 10;

    /// <summary>Items among which neighbours are looked for at most, the first ones: the work grows with their square.</summary>
    const int MostNeighbours = 5000;

    /// <inheritdoc/>
    public override string Name => "embedding";

    /// <inheritdoc/>
    public override string? Help => "a vector per item; spearman of cosines with the scores of pairs, or nn-accuracy (1 nearest neighbour) with classes";

    /// <inheritdoc/>
    public override string? Obstacle(TaskSubject subject) => Vectors(subject, subject.Options.Task == Name) is null ? "returns no vector per item and none per token of it" : null;

    /// <inheritdoc/>
    public override bool IsTelling(TaskSubject subject) => Vectors(subject, isAsked: false) is not null;

    /// <inheritdoc/>
    public override bool IsLabelled(ItemSet items) => Pairs(items).Any() || items.IsLabelled;

    /// <inheritdoc/>
    public override (IReadOnlyList<string> Tensors, string Said) Reads(TaskSubject subject)
    {
        var vectors = Vectors(subject, isAsked: true) ?? throw new OnnxEngineException(ErrorKind.Model, $"The model {Obstacle(subject)}; name the output with EvaluationOptions.Output.");
        var pooling = Pooling.Of(subject, vectors);
        var others = subject.Options.Output is null ? subject.Outputs.Where(output => output.Name != vectors.Name).Select(output => $"'{output.Name}'").ToArray() : [];
        return ([vectors.Name], $"{pooling.Said} '{vectors.Name}'{(others.Length > 0 ? $" (chosen before {string.Join(", ", others)})" : "")}");
    }

    /// <inheritdoc/>
    public override TaskAnswer Answer(TaskSubject subject)
    {
        var (tensors, said) = Reads(subject);
        var pooling = Pooling.Of(subject, Vectors(subject, isAsked: true)!);
        return pooling.IsOfPositions ? new PooledAnswer(said, tensors[0], pooling) { CountsLast = true } : WeightedAnswer.Similarity(said, tensors[0], countsLast: true);
    }

    /// <inheritdoc/>
    public override LabelledMeter Measure(TaskSubject subject, ItemSet items) => new Scores(Pooling.Of(subject, Vectors(subject, isAsked: true)!), items);

    /// <inheritdoc/>
    public override AgreementMeter Agree(TaskSubject subject, ItemSet items) => new Likeness(Pooling.Of(subject, Vectors(subject, isAsked: true)!), items.Count);

    /// <summary>Outputs with a vector for each token of a text.</summary>
    public static IReadOnlyList<DeclaredTensor> TokenVectors(TaskSubject subject) => !subject.ReadsTokens ? []
        : [.. subject.Outputs.Where(output => output.Shape.Count == 3 && output.Shape[2] != 1 && output.Type is Surgery.Proto.TensorProto.Types.DataType.Float or Surgery.Proto.TensorProto.Types.DataType.Float16)];

    // The output named, else one that is called an embedding, else the tokens'. What may as well be class scores only where it is asked for.
    static DeclaredTensor? Vectors(TaskSubject subject, bool isAsked)
    {
        if (subject.Named is { } named) return isAsked || named.Shape.Count is 0 or 3 && subject.ReadsTokens || IsCalled(named) ? named : null;
        var vectors = subject.Outputs.Where(output => output.Shape.Count == 2 && output.Shape[1] != 1).ToArray();
        return vectors.FirstOrDefault(IsCalled) ?? (TokenVectors(subject) is [var tokens, ..] ? tokens : isAsked && vectors.Length == 1 ? vectors[0] : null);
    }

    static bool IsCalled(DeclaredTensor output) => output.Shape.Count == 2 && output.Name.Contains("embed", StringComparison.OrdinalIgnoreCase);

    static IEnumerable<(int First, int Second, double Score)> Pairs(ItemSet items)
    {
        for (var item = 1; item < items.Count; item++)
            if (items.Target(item) is PairTarget second && items.Target(item - 1) is PairTarget first && first.Pair == second.Pair) yield return (item - 1, item, second.Score);
    }

    sealed class Scores(Pooling pooling, ItemSet items) : LabelledMeter
    {
        readonly float[][] _vectors = new float[items.Count][];

        public override void Add(int item, IReadOnlyList<ItemOutput> outputs) => _vectors[item] = pooling.Vector(outputs[0]);

        public override IReadOnlyList<MetricValue> Complete()
        {
            var pairs = Pairs(items).ToArray();
            return pairs.Length > 0 ? [Spearman(pairs)] : [Nearest()];
        }

        MetricValue Spearman((int First, int Second, double Score)[] pairs)
        {
            var cosines = pairs.Select(pair => Cosine.Of(_vectors[pair.First], _vectors[pair.Second])).ToArray();
            var scores = RankCorrelation.Scores(cosines, [.. pairs.Select(pair => pair.Score)]) ?? throw new OnnxEngineException(
                ErrorKind.Data, "There is no rank correlation: all pairs have the same score, or the model the same answer to all.");
            return new MetricValue("spearman", scores.Average()) { ItemScores = scores };
        }

        MetricValue Nearest()
        {
            int[] labelled = [.. Enumerable.Range(0, items.Count).Where(item => items.Label(item) >= 0).Take(MostNeighbours)];
            var nearest = NearestNeighbours.Of(labelled.Select(item => _vectors[item]), 1);
            double[] right = [.. labelled.Select((item, at) => nearest[at] is [var other] && items.Label(labelled[other]) == items.Label(item) ? 1.0 : 0)];
            return new MetricValue("nn-accuracy", right.Average()) { ItemScores = right };
        }
    }

    sealed class Likeness(Pooling pooling, int items) : AgreementMeter
    {
        readonly float[][] _original = new float[items][];
        readonly float[][] _edited = new float[items][];

        public override void Add(int item, IReadOnlyList<ItemOutput> original, IReadOnlyList<ItemOutput> edited) =>
            (_original[item], _edited[item]) = (pooling.Vector(original[0]), pooling.Vector(edited[0]));

        public override IReadOnlyList<MetricValue> Complete()
        {
            double[] cosines = [.. _original.Zip(_edited, (a, b) => Cosine.Of(a, b))];
            var (was, now) = (NearestNeighbours.Of(_original.Take(MostNeighbours), Neighbours), NearestNeighbours.Of(_edited.Take(MostNeighbours), Neighbours));
            double[] found = [.. was.Zip(now, (a, b) => a.Length == 0 ? 1 : (double)a.Intersect(b).Count() / a.Length)];
            return [new("cosine", cosines.Average()) { ItemScores = cosines }, new("neighbours", found.Average()) { ItemScores = found }];
        }
    }
}
