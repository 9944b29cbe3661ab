using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Components;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Attribution;

/// <summary>
/// A model that is no classifier and its examples, made into a model of one number per example (<see cref="AnswerGraph"/>) and examples that
/// bring the weights with them by which it is read: those of the model's own answers. The rest is as for a classifier.
/// </summary>
/// <param name="Graph">The model.</param>
/// <param name="Items">The examples, in the order of the model's inputs; each of class 0.</param>
/// <param name="Answer">What the number is.</param>
/// <param name="Scores">Tensors of scores, whose makers have no components.</param>
sealed record OwnAnswerModel(ModelProto Graph, ItemSet Items, ExplainedAnswer Answer, IReadOnlyList<string> Scores)
{
    /// <summary>Bytes that weights may take.</summary>
    const long Room = 1L << 30;

    /// <summary>Runs the model on the examples and adapts both.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="task">Its task.</param>
    /// <param name="options">What was asked for: output, pooling.</param>
    /// <param name="examples">The examples; need no labels.</param>
    /// <param name="progress">Told how many were run.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <exception cref="OnnxEngineException">
    /// Its answers cannot be read in this way (<see cref="ErrorKind.Model"/>), take too much memory (<see cref="ErrorKind.Usage"/>), or it has none to any of the examples (<see cref="ErrorKind.Data"/>).
    /// </exception>
    public static OwnAnswerModel Of(ModelProto model, ModelTask task, EvaluationOptions options, ItemSet examples, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        var subject = TaskSubject.Of(model, options);
        RequireRows(subject, examples);
        var (answer, items) = (task.Answer(subject), Trimmed(examples, subject));
        var masks = SequenceMask.Of(items, subject.Inputs);
        var positions = masks?.Of(0, items.Parts[0].ItemLength).Length;
        var (rows, readings) = (new float[items.Count][][], new List<AnswerReading>());
        using (var session = new TaskSession(subject, [answer.Tensor]))
            session.Run(items, (item, outputs) =>
            {
                var (output, shape) = (outputs[0], outputs[0].Shape);
                // Without the padding that its batch did not need.
                if (output.Mask is { } mask && shape.Length > 1 && shape[0] == mask.Length) shape = [positions!.Value, .. shape[1..]];
                if (readings.Count == 0) readings.Add(Fitting(answer.Reading(shape), items.Count));
                if (!readings[0].Shape.SequenceEqual(shape))
                    throw new OnnxEngineException(ErrorKind.Model, $"The output '{answer.Tensor}' is [{string.Join(',', readings[0].Shape)}] for one item and [{string.Join(',', shape)}] for another, so there is no answer that ablations could be compared with; name an output of one shape with EvaluationOptions.Output.");
                rows[item] = answer.Weights(item, output, readings[0]);
            }, progress, cancellation, "own answers");
        var (reading, labels) = (readings[0], new int[items.Count]);
        var weights = reading.Inputs.Select((input, i) => new StoredItemSet(input.Shape, [.. rows.Select(row => row[i])], labels));
        var said = reading.Form == AnswerForm.Margin ? answer.Said : answer.Said + Missing(rows);
        return new OwnAnswerModel(
            AnswerGraph.Adapt(model, reading), new JoinedItemSet([.. items.Parts, .. weights], labels), new ExplainedAnswer(task.Name, answer.Word, said), answer.CountsLast ? [] : [AnswerGraph.Output])
        {
            Examples = items,
            Outputs = [.. model.Graph.Output],
            IsPadded = masks is not null && Enumerable.Range(0, items.Count).Any(item => masks.Of(item, positions!.Value).Contains(false)),
        };
    }

    /// <summary>The examples as the model itself takes them.</summary>
    public required ItemSet Examples { get; init; }

    /// <summary>The model's own outputs.</summary>
    public required IReadOnlyList<ValueInfoProto> Outputs { get; init; }

    /// <summary>A changed graph with the inputs and outputs that the model itself has, at the sizes that it was folded at.</summary>
    /// <param name="changed">The adapted graph after a change.</param>
    /// <param name="folded">What was changed.</param>
    public ModelProto Restored(ModelProto changed, NormalisedModel folded)
    {
        var restored = AnswerGraph.Restore(changed, Outputs);
        foreach (var input in restored.Graph.Input)
            if (folded.InputSizes.GetValueOrDefault(input.Name) is { } sizes)
                for (var axis = 0; axis < sizes.Length; axis++)
                    if (sizes[axis] > 0) input.Type.TensorType.Shape.Dim[axis] = new TensorShapeProto.Types.Dimension { DimValue = sizes[axis] };
        return restored;
    }

    /// <summary>Whether texts are filled up to the longest of them.</summary>
    public required bool IsPadded { get; init; }

    /// <summary>Refuses a folded model whose answers do not lie along its first axis.</summary>
    /// <exception cref="OnnxEngineException">They do not (<see cref="ErrorKind.Model"/>).</exception>
    public static void RequireRows(NormalisedModel model)
    {
        if (model.Trace.Shape(AnswerGraph.Output)[0] != model.Trace.Shape(model.Index.Inputs[0].Name)[0])
            throw new OnnxEngineException(ErrorKind.Model, "The output that is explained does not have its items along the first axis, so that the answers of a batch cannot be told apart; export the model with the batch first.");
    }

    static void RequireRows(TaskSubject subject, ItemSet items)
    {
        try
        {
            _ = ClassifierSignature.Batch(subject.Index);
        }
        catch (OnnxEngineException no) when (no.Kind == ErrorKind.Model)
        {
            throw new OnnxEngineException(ErrorKind.Model, no.Message.Replace(ClassifierSignature.Refusal, "The model's answers cannot be explained item by item: ", StringComparison.Ordinal), no);
        }
        if (subject.Inputs.Count == items.Parts.Count && subject.Inputs.Zip(items.Parts).FirstOrDefault(p => p.First.Shape.Count != p.Second.ItemShape.Count + 1) is { First: { } packed })
            throw new OnnxEngineException(ErrorKind.Model, $"The input '{packed.Name}' {packed} has no axis for items, so that the model's answers cannot be explained item by item; export it with a batch axis.");
    }

    // Texts up to the longest of them: padding that none needs would be run in every pass.
    static ItemSet Trimmed(ItemSet items, TaskSubject subject)
    {
        if (SequenceMask.Of(items, subject.Inputs) is not { CanTrimAll: true } masks) return items;
        var longest = Enumerable.Range(0, items.Count).Max(masks.Used);
        ItemSet[] parts = [.. items.Parts.Select(part => new CutItemSet(part, longest))];
        return parts is [var only] ? only : new TrimmedItemSet(items, parts);
    }

    static AnswerReading Fitting(AnswerReading reading, int items)
    {
        var bytes = items * reading.Inputs.Sum(input => sizeof(float) * input.Shape.Aggregate(1L, (a, b) => a * b));
        return bytes <= Room ? reading : throw new OnnxEngineException(
            ErrorKind.Usage, FormattableString.Invariant($"The model's own answers to {items} examples, with which ablations are compared, take {bytes >> 20:N0} MiB, and there is room for {Room >> 20:N0}; explain {items * Room / bytes} examples at most."));
    }

    // Examples without an answer: a picture in which nothing is found, a vector of zeros.
    static string Missing(float[][][] rows) => rows.Count(row => row[0].All(weight => weight == 0)) switch
    {
        0 => "",
        var all when all == rows.Length => throw new OnnxEngineException(ErrorKind.Data, "The model itself has no answer to any of the examples that changed ones could be compared with; give other examples, and check Preprocessing."),
        var some => $"; it has none to {some} of the {rows.Length} examples, which stay at 0",
    };
}
