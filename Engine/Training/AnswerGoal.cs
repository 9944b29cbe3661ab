using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Training;

/// <summary>
/// The answers of a teacher to the same items, in the tensors that the task of a model reads, by their squared error relative to the
/// teacher's squares; or numbers that the data has, relative to their variance. Padding counts for nothing.
/// </summary>
sealed class AnswerGoal : TrainingGoal
{
    readonly FinetuneOptions _options;
    readonly IReadOnlyList<FeaturePair> _pairs;
    readonly BatchRunner? _teacher;
    readonly AnswerLook _look;
    readonly int _mask;

    /// <summary>Loads model and teacher.</summary>
    /// <param name="model">The folded model.</param>
    /// <param name="subject">The model as it was given.</param>
    /// <param name="task">What it is for.</param>
    /// <param name="train">What is learned from.</param>
    /// <param name="validation">What is looked at.</param>
    /// <param name="options">How.</param>
    /// <param name="session">Batch and weights.</param>
    /// <exception cref="OnnxEngineException">Not of float32, no weights to train, or a teacher or labels that do not fit.</exception>
    /// <exception cref="OnnxSurgeryException">An operator on the way has no gradient.</exception>
    public AnswerGoal(NormalisedModel model, TaskSubject subject, ModelTask task, ItemSet train, ItemSet validation, FinetuneOptions options, TrainingSessionOptions session)
    {
        _options = options;
        var teacher = options.Teacher is { } given ? TaskSubject.Of(given.Proto, options.Evaluation) : null;
        var inputs = ModelInput.All(subject.Model, null);
        TrainingSession.RequireFloats(inputs.Select(input => input.Type));
        var outputs = teacher is null ? [Labelled(model, subject, task, train, session.Batch)] : AnswerPairs.Find(model, subject, task, teacher);
        IEnumerable<FeaturePair> features = options.Features is { } parts ? FeaturePair.Find(model, options.Teacher!, parts).Select(pair => AnswerPairs.Masked(pair, model, subject, task)) : [];
        session = session with { Outputs = outputs, Features = [.. features] };
        _pairs = [.. session.Outputs, .. session.Features];
        _mask = subject.Inputs.ToList().FindIndex(input => _pairs.Any(pair => pair.Mask == input.Name));
        Session = TrainingSession.Create(model, inputs, session);
        try
        {
            _teacher = options.Teacher is { } loaded ? TargetSource.Runner(loaded, _pairs.Select(pair => pair.TeacherTensor)) : null;
            _look = new AnswerLook(subject, task, [.. outputs.Select(pair => pair with { Squares = pair.Squares / session.Batch })], teacher, validation);
        }
        catch
        {
            _teacher?.Dispose();
            Session.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override TrainingSession Session { get; }

    /// <inheritdoc/>
    public override string Said => _teacher is null ? "numbers" : "the teacher's answers";

    /// <inheritdoc/>
    public override bool IsAgreement => !_look.IsLabelled;

    /// <inheritdoc/>
    public override string? Note => _look.Note;

    /// <inheritdoc/>
    public override void Fill(ItemSet items, IReadOnlyList<BatchInput> inputs)
    {
        if (_teacher is null)
        {
            for (var item = 0; item < items.Count; item++) Numbers(items, item, Session.Features[0].AsSpan(item * Session.Features[0].Length / items.Count, Session.Features[0].Length / items.Count));
            return;
        }
        _teacher.Run(inputs, (output, values, shape) =>
        {
            var (pair, target) = (_pairs[output], Session.Features[output]);
            if (pair.Comparison == FeatureComparison.Elements && values.Length != target.Length)
                throw new OnnxEngineException(ErrorKind.Model, $"The teacher returns [{string.Join(',', shape)}] as '{pair.TeacherTensor}', not as many values as '{pair.Tensor}' of the model; give a teacher whose answers have the same shape.");
            pair.Fill(pair.Mask is null ? values : Blanked(values, inputs[_mask]), items.Count, target);
        });
    }

    // What stands at padding means nothing; the model's share of it is blanked in the loss.
    static float[] Blanked(ReadOnlySpan<float> values, BatchInput mask)
    {
        var blanked = values.ToArray();
        var positions = (int)mask.Shape.Aggregate(1L, (a, b) => a * b);
        var inner = blanked.Length / positions;
        for (var p = 0; p < positions; p++)
            if (mask.Values[p] == 0) blanked.AsSpan(p * inner, inner).Clear();
        return blanked;
    }

    // The one output that the data has numbers for.
    static FeaturePair Labelled(NormalisedModel model, TaskSubject subject, ModelTask task, ItemSet train, int batch)
    {
        // It refuses a model of several outputs.
        _ = task.Measure(subject, train);
        var tensor = AnswerPairs.Floats(model, task.Reads(subject).Tensors)[0];
        var length = (int)(model.Trace.Shape(tensor).Aggregate(1L, (a, b) => a * b) / model.Trace.Batch);
        var (sums, squares, values) = (new double[length], 0.0, new float[length]);
        for (var item = 0; item < train.Count; item++)
        {
            Numbers(train, item, values);
            for (var i = 0; i < length; i++) (sums[i], squares) = (sums[i] + values[i], squares + (double)values[i] * values[i]);
        }
        var spread = squares - sums.Sum(sum => sum * sum / train.Count);
        return new FeaturePair(tensor, tensor, FeatureComparison.Elements) { Squares = batch * Math.Max(spread, 1e-9 * squares) / train.Count };
    }

    static void Numbers(ItemSet items, int item, Span<float> values)
    {
        var numbers = (items.Target(item) as ValuesTarget)?.Values;
        if (numbers?.Count != values.Length)
            throw new OnnxEngineException(ErrorKind.Data, $"A training item is labelled with {numbers?.Count ?? 0} numbers where the model returns {values.Length}; give as many, or name another output with EvaluationOptions.Output.");
        for (var i = 0; i < values.Length; i++) values[i] = numbers[i];
    }

    /// <inheritdoc/>
    public override TrainingLook At(ModelProto graph) => _look.At(graph);

    /// <inheritdoc/>
    public override TaskMeasurement? Measure(OnnxModel model, ItemSet? test, IProgress<WorkProgress>? progress)
    {
        if (test is null) return null;
        var options = _options.Evaluation;
        return ModelTasks.Of(TaskSubject.Of(model.Proto, options), test).IsLabelled(test) ? TaskEvaluator.Measure(model, test, options, progress, CancellationToken.None)
            : _options.Teacher is { } teacher ? TaskEvaluator.Agree(teacher, model, test, options, progress, CancellationToken.None) : null;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _look.Dispose();
        _teacher?.Dispose();
        Session.Dispose();
    }
}
