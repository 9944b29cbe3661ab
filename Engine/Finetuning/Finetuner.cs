using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Edits;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Training;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Finetuning;

/// <summary>
/// Trains the weights of a classifier further, on labels or on the answers of a teacher. The same seed and options give
/// the same bytes on the same kind of machine, if the budget is a number of steps.
/// </summary>
public sealed class Finetuner
{
    readonly EditDraft _draft;
    readonly ModelData _data;
    readonly FinetuneOptions _options;
    readonly IProgress<WorkProgress>? _progress;
    readonly CancellationToken _cancellation;
    readonly ClassifierSignature _signature;
    readonly ItemSet _train;
    readonly ItemSet _validation;

    Finetuner(
        EditDraft draft, ClassifierSignature signature, ItemSet train, ItemSet validation, ModelData data, FinetuneOptions options,
        IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        (_draft, _signature, _train, _validation) = (draft, signature, train, validation);
        (_data, _options, _progress, _cancellation) = (data, options, progress, cancellation);
    }

    /// <summary>Fine-tunes a model. Synchronous; writes no files. Cancelling ends it with the best model so far.</summary>
    /// <param name="model">The classifier; not changed.</param>
    /// <param name="data">Training images, validation images to choose the best step on, test images to report on.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancellation">Ends the training; what was reached is returned.</param>
    /// <exception cref="OnnxEngineException">
    /// Not a float32 classifier (<see cref="ErrorKind.Model"/>), no images or neither labels nor a teacher
    /// (<see cref="ErrorKind.Data"/>), a checkpoint of another training (<see cref="ErrorKind.Usage"/>).
    /// </exception>
    /// <exception cref="OnnxSurgeryException">An operator of the model has no gradient.</exception>
    public static FinetuneResult Finetune(
        OnnxModel model, ModelData data, FinetuneOptions options, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default) =>
        Finetune(model, null, data, options, progress, cancellation);

    /// <summary>The same where it is known how accurate the model is on the test images.</summary>
    /// <inheritdoc cref="Finetune(OnnxModel, ModelData, FinetuneOptions, IProgress{WorkProgress}?, CancellationToken)"/>
    internal static FinetuneResult Finetune(
        OnnxModel model, Evaluation? before, ModelData data, FinetuneOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        using var execution = ExecutionOptions.Enter(options.Execution);
        if (options.Teacher is null && (options.Mix > 0 || options.Forget.Count > 0 || options.Features is not null))
            throw new OnnxEngineException(ErrorKind.Usage, "Mixed images, features to match and classes to forget need a teacher; give one, or leave them out.");
        var signature = ClassifierSignature.Of(model.Proto, options.Evaluation.Output);
        var (train, validation) = (Usable(data.Train, "training", options), Usable(data.Validation, "validation", options));
        var mirrors = options.Teacher is not null && TrainingImages.AreSpatial(train);
        options = options with { Flip = options.Flip ?? mirrors, Shift = options.Shift ?? (mirrors ? train.ItemShape[2] / 8 : 0) };
        return new Finetuner(EditDraft.For(model, null, train), signature, train, validation, data, options, progress, cancellation).Run(before);
    }

    int Batch => _signature.FixedBatch ?? _options.Batch;

    FinetuneResult Run(Evaluation? before)
    {
        var images = new TrainingImages(_train, _options, Batch);
        if (_options.Normalisation == FinetuneNormalisation.Reestimate) NormalisationEstimate.Require(_draft.Baseline.Proto);
        var features = _options is { Features: { } parts, Teacher: { } teacher } ? FeaturePair.Find(_draft.Baseline, teacher, parts) : [];
        using var session = TrainingSession.Create(_draft.Baseline, _signature, new TrainingSessionOptions
        {
            Batch = Batch,
            Temperature = _options.Teacher is null ? 1 : _options.Temperature,
            Features = features,
            FeatureWeight = _options.FeatureWeight,
            Weights = _options.Layers is { } layers ? TrainedLayers.Named(_draft.Baseline, layers) : null,
            FollowStatistics = _options.Normalisation == FinetuneNormalisation.Train,
        });
        before ??= Measure(_draft.Source);
        if (_options.Teacher is null)
            LabelAgreement.Require(before ?? Evaluator.Evaluate(_draft.Source, _validation, _options.Evaluation, _progress, _cancellation), _options.Evaluation, mayGuess: true);
        using var targets = new TargetSource(_options, _draft.Source, session.Targets.Length / Batch, features);
        // Labels alone are kept whole: what they say is known to hold for the image as it is.
        var looked = _options is { Teacher: not null } && (_options.Flip == true || _options.Shift > 0) ? new AugmentedItemSet(_validation, _options) : _validation;
        var validation = new ValidationLook(looked, targets, _options.Evaluation, Batch);
        (double Loss, double? Top1) Look(float[][] weights)
        {
            session.CopyTo(Graph, weights);
            return validation.At(Graph);
        }
        var loop = new TrainingLoop(session, images, targets, Look, _options, FinetuneHistory.Terms(_draft.Source, _options, Batch, _train));
        var end = loop.Run(Batch, _progress, _cancellation);
        var state = loop.State;
        session.CopyTo(Graph, state.Best);
        var reestimated = _options.Normalisation == FinetuneNormalisation.Reestimate && Reestimate(validation, state);
        FinetuneReport? report = null;
        var result = _draft.Finish(model =>
        {
            report = new FinetuneReport
            {
                Curve = state.Curve,
                Steps = state.Step,
                BestStep = state.BestStep,
                End = end,
                Before = before,
                // Who interrupts does not want to wait for another look at the test images.
                After = end == FinetuneEnd.Cancelled ? null : Measure(model),
                ImagesPerSecond = loop.ImagesPerSecond,
                Reestimated = reestimated,
                Basis = Basis(state, session.Weights.Sum(w => (long)w.Values.Length), reestimated),
            };
            return FinetuneHistory.Entry(_draft.Source, report, _options, Batch);
        });
        return new FinetuneResult(result, report!);
    }

    ModelProto Graph => _draft.Working.Proto;

    // New statistics are kept if they make the validation loss smaller.
    bool Reestimate(ValidationLook validation, TrainingState state)
    {
        var old = Graph.Clone();
        NormalisationEstimate.Apply(Graph, _draft.Baseline.InputSizes, _train, Batch);
        var loss = validation.At(Graph).Loss;
        if (loss < state.BestLoss) return true;
        Graph.Graph.Initializer.Clear();
        Graph.Graph.Initializer.AddRange(old.Graph.Initializer);
        return false;
    }

    string Basis(TrainingState state, long weights, bool reestimated)
    {
        var on = _options.Teacher is null ? "labels" : FormattableString.Invariant($"the teacher's answers at temperature {_options.Temperature:0.##}");
        var kept = state.BestStep == 0 ? "none was better than the model as it was" : FormattableString.Invariant($"kept as they were after step {state.BestStep}");
        return FormattableString.Invariant($"{state.Step} steps of {Batch} items on {on}, {weights:N0} weights; {kept}.")
            + (_options.Normalisation != FinetuneNormalisation.Reestimate ? ""
                : reestimated ? " Normalisations were re-estimated." : " Re-estimated normalisations were no better and are left as they were.");
    }

    Evaluation? Measure(OnnxModel model) =>
        _data.Test is { IsLabelled: true } test ? Evaluator.Evaluate(model, test, _options.Evaluation, _progress, CancellationToken.None) : null;

    static ItemSet Usable(ItemSet? images, string part, FinetuneOptions options)
    {
        if (images is null) throw new OnnxEngineException(ErrorKind.Data, $"Fine-tuning needs {part} items and the data has none; give other data with DataOptions.Path.");
        int[] usable = [.. Enumerable.Range(0, images.Count).Where(i => (options.Teacher is not null || images.Label(i) >= 0) && !options.Forget.Contains(images.Label(i)))];
        if (part == "validation") usable = [.. usable.Take(options.Validation)];
        if (usable.Length == 0)
            throw new OnnxEngineException(ErrorKind.Data, $"The {part} items have no labels to learn; give a teacher instead with FinetuneOptions.Teacher.");
        return usable.Length == images.Count ? images : images.Select(usable);
    }
}
