using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Edits;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Engine.Training;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Finetuning;

/// <summary>
/// Trains the weights of a model further: those of a classifier on labels or on the answers of a teacher, those of any other on the
/// answers of a teacher, or on numbers that the data has. The same seed and options give the same bytes on the same kind of machine, if
/// the budget is a number of steps.
/// </summary>
public sealed class Finetuner
{
    readonly EditDraft _draft;
    readonly ModelData _data;
    readonly FinetuneOptions _options;
    readonly IProgress<WorkProgress>? _progress;
    readonly CancellationToken _cancellation;
    readonly TrainedModel _model;
    readonly ItemSet _train;
    readonly ItemSet _validation;

    Finetuner(
        EditDraft draft, TrainedModel model, ItemSet train, ItemSet validation, ModelData data, FinetuneOptions options,
        IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        (_draft, _model, _train, _validation) = (draft, model, train, validation);
        (_data, _options, _progress, _cancellation) = (data, options, progress, cancellation);
    }

    /// <summary>Fine-tunes a model. Synchronous; writes no files. Cancelling ends it with the best model so far.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="data">Training items, validation items to choose the best step on, test items to report on.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancellation">Ends the training; what was reached is returned.</param>
    /// <exception cref="OnnxEngineException">
    /// Not of float32, or a teacher that answers otherwise (<see cref="ErrorKind.Model"/>), no items or neither labels nor a teacher
    /// (<see cref="ErrorKind.Data"/>), a checkpoint of another training or options that the model's task has no use for (<see cref="ErrorKind.Usage"/>).
    /// </exception>
    /// <exception cref="OnnxSurgeryException">An operator of the model has no gradient.</exception>
    public static FinetuneResult Finetune(
        OnnxModel model, ModelData data, FinetuneOptions options, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default) =>
        Finetune(model, null, data, options, progress, cancellation);

    /// <summary>The same where it is known how good the model is on the test items.</summary>
    /// <inheritdoc cref="Finetune(OnnxModel, ModelData, FinetuneOptions, IProgress{WorkProgress}?, CancellationToken)"/>
    internal static FinetuneResult Finetune(
        OnnxModel model, TaskMeasurement? before, ModelData data, FinetuneOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        using var execution = ExecutionOptions.Enter(options.Execution);
        if (options.Teacher is null && (options.Mix > 0 || options.Forget.Count > 0 || options.Features is not null))
            throw new OnnxEngineException(ErrorKind.Usage, "Mixed images, features to match and classes to forget need a teacher; give one, or leave them out.");
        var trained = Require(model, data, options);
        var (train, validation) = (Usable(data.Train, "training", trained, options), Usable(data.Validation, "validation", trained, options));
        trained.RequireItems(train);
        var mirrors = options.Teacher is not null && trained.Task.HasViews && TrainingImages.AreSpatial(train);
        options = options with { Flip = options.Flip ?? mirrors, Shift = options.Shift ?? (mirrors ? train.ItemShape[2] / 8 : 0) };
        return new Finetuner(EditDraft.For(model, null, train), trained, train, validation, data, options, progress, cancellation).Run(before);
    }

    /// <summary>Refuses what can be told to be no use for a training before anything is run; work that ends with one asks first.</summary>
    /// <inheritdoc cref="TrainedModel.Of" path="/exception"/>
    internal static TrainedModel Require(OnnxModel model, ModelData data, FinetuneOptions options) =>
        TrainedModel.Of(model, data.Test is { IsAnnotated: true } test ? test : data.Train, options);

    int Batch => _model.FixedBatch ?? _options.Batch;

    FinetuneResult Run(TaskMeasurement? before)
    {
        var images = new TrainingImages(_train, _options, Batch);
        if (_options.Normalisation == FinetuneNormalisation.Reestimate) NormalisationEstimate.Require(_draft.Baseline.Proto);
        using var goal = Goal(new TrainingSessionOptions
        {
            Batch = Batch,
            FeatureWeight = _options.FeatureWeight,
            Weights = _options.Layers is { } layers ? TrainedLayers.Named(_draft.Baseline, layers) : null,
            FollowStatistics = _options.Normalisation == FinetuneNormalisation.Train,
        });
        before ??= goal.Measure(_draft.Source, _data.Test, _progress);
        if (_options.Teacher is null && _model.Classifier is not null)
            LabelAgreement.Require(before?.Classification ?? Evaluator.Evaluate(_draft.Source, _validation, _options.Evaluation, _progress, _cancellation), _options.Evaluation, mayGuess: true);
        TrainingLook Look(float[][] weights)
        {
            goal.Session.CopyTo(Graph, weights);
            return goal.At(Graph);
        }
        var loop = new TrainingLoop(goal, images, Look, _options, FinetuneHistory.Terms(_draft.Source, _model.Task, _options, Batch, _train));
        var end = loop.Run(Batch, _progress, _cancellation);
        var state = loop.State;
        goal.Session.CopyTo(Graph, state.Best);
        var reestimated = _options.Normalisation == FinetuneNormalisation.Reestimate && Reestimate(goal, state);
        FinetuneReport? report = null;
        var result = _draft.Finish(model =>
        {
            report = new FinetuneReport
            {
                Curve = state.Curve,
                IsCurveAgreement = goal.IsAgreement,
                Steps = state.Step,
                BestStep = state.BestStep,
                End = end,
                MeasuredBefore = before,
                // Who interrupts does not want to wait for another look at the test images.
                MeasuredAfter = end == FinetuneEnd.Cancelled ? null : goal.Measure(model, _data.Test, _progress),
                ImagesPerSecond = loop.ImagesPerSecond,
                Reestimated = reestimated,
                Basis = Basis(state, goal, reestimated),
                Notes = goal.Note is { } note ? [note] : [],
            };
            return FinetuneHistory.Entry(_draft.Source, _model.Task, report, _options, Batch);
        });
        return new FinetuneResult(result, report!);
    }

    TrainingGoal Goal(TrainingSessionOptions session) => _model.Classifier is { } signature
        ? new ClassGoal(_draft.Baseline, _draft.Source, signature, _validation, _options, session)
        : new AnswerGoal(_draft.Baseline, _model.Subject, _model.Task, _train, _validation, _options, session);

    ModelProto Graph => _draft.Working.Proto;

    // New statistics are kept if they make the validation loss smaller.
    bool Reestimate(TrainingGoal goal, TrainingState state)
    {
        var old = Graph.Clone();
        NormalisationEstimate.Apply(Graph, _draft.Baseline.InputSizes, _train, Batch);
        var loss = goal.At(Graph).Loss;
        if (loss < state.BestLoss) return true;
        Graph.Graph.Initializer.Clear();
        Graph.Graph.Initializer.AddRange(old.Graph.Initializer);
        return false;
    }

    string Basis(TrainingState state, TrainingGoal goal, bool reestimated)
    {
        var kept = state.BestStep == 0 ? "none was better than the model as it was" : FormattableString.Invariant($"kept as they were after step {state.BestStep}");
        return FormattableString.Invariant($"{state.Step} steps of {Batch} items on {goal.Said}, {goal.Session.Weights.Sum(w => (long)w.Values.Length):N0} weights; {kept}.")
            + (_options.Normalisation != FinetuneNormalisation.Reestimate ? ""
                : reestimated ? " Normalisations were re-estimated." : " Re-estimated normalisations were no better and are left as they were.");
    }

    static ItemSet Usable(ItemSet? items, string part, TrainedModel model, FinetuneOptions options)
    {
        if (items is null) throw new OnnxEngineException(ErrorKind.Data, $"Fine-tuning needs {part} items and the data has none; give other data with DataOptions.Path.");
        int[] usable = [.. Enumerable.Range(0, items.Count).Where(i => (options.Teacher is not null || model.IsLabelled(items, i)) && !options.Forget.Contains(items.Label(i)))];
        // What belongs together, as the two texts of a pair, is looked at together.
        if (part == "validation") usable = [.. usable.Take(Math.Max(1, options.Validation / items.Together) * items.Together)];
        if (usable.Length == 0)
            throw new OnnxEngineException(ErrorKind.Data, $"The {part} items have no {(model.Classifier is null ? "numbers" : "labels")} to learn; give a teacher instead with FinetuneOptions.Teacher.");
        return usable.Length == items.Count ? items : items.Select(usable);
    }
}
