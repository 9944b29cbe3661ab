using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Training;

/// <summary>Loss and metric on validation items, as they are: against their labels where the task has some, else how far answers agree with the teacher's.</summary>
/// <param name="subject">The model as it was given.</param>
/// <param name="task">What it is for.</param>
/// <param name="pairs">What the loss is made of.</param>
/// <param name="teacher">The teacher; null: numbers that the data has are learned.</param>
/// <param name="items">The items.</param>
sealed class AnswerLook(TaskSubject subject, ModelTask task, IReadOnlyList<FeaturePair> pairs, TaskSubject? teacher, ItemSet items) : IDisposable
{
    readonly IReadOnlyList<string> _tensors = task.Reads(subject).Tensors;
    readonly TaskSession? _teacher = teacher is null ? null : new TaskSession(teacher, task.Reads(teacher).Tensors);

    /// <summary>Whether the items have labels that the task is measured on.</summary>
    public bool IsLabelled { get; } = task.IsLabelled(items);

    /// <summary>Why the metric is not measured, or null.</summary>
    public string? Note { get; private set; }

    /// <summary>Looks at a graph.</summary>
    /// <exception cref="OnnxEngineException">Model or teacher fail on the items (<see cref="ErrorKind.Model"/>).</exception>
    public TrainingLook At(ModelProto graph)
    {
        var (meter, agreement) = (IsLabelled ? task.Measure(subject, items) : null, IsLabelled ? null : task.Agree(teacher!, items));
        var sums = new (double Error, double Squares)[pairs.Count, 2];
        int[] outputs = [.. pairs.Select(pair => _tensors.ToList().IndexOf(pair.Tensor))];
        IReadOnlyList<MetricValue> metrics = [];
        var isMeasured = true;
        using var session = new TaskSession(TaskSubject.Of(graph, subject.Options), _tensors);
        if (_teacher is null) session.Run(items, (item, found) => Add(item, [new ItemOutput([.. ((ValuesTarget)items.Target(item)!).Values], [])], found), null, CancellationToken.None);
        else TaskSession.RunBoth(_teacher, session, items, Add, null, CancellationToken.None);
        var loss = sums.Cast<(double Error, double Squares)>().Sum(sum => sum.Squares > 0 ? sum.Error / sum.Squares : sum.Error);
        if (double.IsFinite(loss)) Measure(() => metrics = meter?.Complete() ?? agreement!.Complete());
        return new TrainingLook(loss, Metric: metrics.Count > 0 ? metrics[0] with { ItemScores = null } : null);

        void Add(int item, IReadOnlyList<ItemOutput> wanted, IReadOnlyList<ItemOutput> found)
        {
            for (var p = 0; p < pairs.Count; p++) Compare(pairs[p], wanted[_teacher is null ? 0 : outputs[p]], found[outputs[p]], sums, p);
            if (sums.Cast<(double Error, double Squares)>().All(sum => double.IsFinite(sum.Error))) Measure(() =>
            {
                meter?.Add(item, found);
                agreement?.Add(item, wanted, found);
            });
        }

        // A training goes on without a figure beside its loss.
        void Measure(Action action)
        {
            if (!isMeasured) return;
            try
            {
                action();
            }
            catch (OnnxEngineException nothing) when (nothing.Kind is ErrorKind.Data or ErrorKind.Model)
            {
                (isMeasured, Note) = (false, $"No metric is measured on the validation items: {nothing.Message.TrimEnd('.')}.");
            }
        }
    }

    // Adds the squared errors of an item, and what they are measured against, of both kinds of numbers; padding left out.
    static void Compare(FeaturePair pair, ItemOutput wanted, ItemOutput found, (double Error, double Squares)[,] sums, int at)
    {
        var (target, values) = (wanted.Values, found.Values);
        if (target.Length != values.Length)
            throw new OnnxEngineException(ErrorKind.Model, $"'{pair.Tensor}' holds {values.Length} values for an item that is to have {target.Length}; give a teacher, or labels, of the model's own shape.");
        var isReal = pair.Mask is null ? null : found.Mask;
        var perPosition = isReal is null ? values.Length : values.Length / Math.Max(1, found.Shape[0]);
        var (axis, from) = pair.Border ?? (0, int.MaxValue);
        var perPart = found.Shape.Skip(axis + 1).Aggregate(1, (a, b) => a * b);
        for (var i = 0; i < values.Length; i++)
        {
            if (isReal is not null && !isReal[i / perPosition]) continue;
            var difference = (double)values[i] - target[i];
            ref var sum = ref sums[at, pair.Border is not null && i / perPart % found.Shape[axis] >= from ? 1 : 0];
            sum = (sum.Error + difference * difference, sum.Squares + (pair.Squares is null ? (double)target[i] * target[i] : 0));
        }
        sums[at, 0].Squares += pair.Squares ?? 0;
    }

    /// <inheritdoc/>
    public void Dispose() => _teacher?.Dispose();
}
