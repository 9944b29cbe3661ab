using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Edits;
using OnnxEdit.Engine.Finetuning;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Slimming;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Unlearning;

/// <summary>Makes a classifier forget classes by editing its body, and measures what it still knows.</summary>
public sealed class Unlearner
{
    readonly EditDraft _draft;
    readonly ClassifierSignature _signature;
    readonly UnlearnData _data;
    readonly UnlearnOptions _options;
    readonly IProgress<WorkProgress>? _progress;
    readonly CancellationToken _cancellation;
    readonly List<string> _notes = [];

    Unlearner(EditDraft draft, ClassifierSignature signature, UnlearnData data, UnlearnOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        (_draft, _signature) = (draft, signature);
        (_data, _options, _progress, _cancellation) = (data, options, progress, cancellation);
    }

    /// <summary>Edits a model. Synchronous; writes no files.</summary>
    /// <param name="model">The classifier; not changed.</param>
    /// <param name="data">Labelled images: training ones to learn from, validation ones to choose settings on, test ones to report on; or statistics.</param>
    /// <param name="options">Which classes, and how.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <exception cref="OnnxEngineException">
    /// No such class (<see cref="ErrorKind.Usage"/>), not a classifier or one of a form that cannot be edited (<see cref="ErrorKind.Model"/>),
    /// no images of a class or of the others (<see cref="ErrorKind.Data"/>), limits not reached or no channel to remove
    /// (<see cref="ErrorKind.TargetNotReached"/>).
    /// </exception>
    /// <exception cref="OnnxSurgeryException">The model cannot be analysed.</exception>
    public static UnlearnResult Unlearn(
        OnnxModel model, UnlearnData data, UnlearnOptions options, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var execution = ExecutionOptions.Enter(options.Execution);
        var signature = ClassifierSignature.Of(model.Proto, options.Evaluation.Output);
        return new Unlearner(EditDraft.For(model, options.InputShapes, data.Train ?? data.Test), signature, data, options, progress, cancellation).Run();
    }

    UnlearnResult Run()
    {
        RequireOptions();
        if (_signature.Classes == 2)
            throw new OnnxEngineException(ErrorKind.Model, "The model has two classes, and neither can be forgotten: the other one would be left alone, and with it nothing to tell apart; train a new model instead.");
        if (_draft.SizesNote is { } sizes) _notes.Add(sizes);
        // The default refuses a model that it cannot edit before anything is run; the other methods need no features.
        var working = _draft.Working;
        var stage = _options.Method == UnlearnMethod.Refit ? FeatureStage.Of(working, _signature.LogitsName) : null;
        var last = LastLayer.Of(working, _signature.LogitsName);
        RequireClasses(last.Classes);
        var test = Test();
        var counts = Counts(_draft.Baseline.Proto, _draft.Baseline.Trace);
        var meter = new ForgetMeter(last, _options, _progress, _cancellation);
        var needsImages = _data.Moments is null && _options.Method != UnlearnMethod.SuppressLogit;
        var images = needsImages ? ClassImages.Draw(Labelled(_data.Train, "training"), _options, _data.ClassNames) : null;
        var before = test is null ? null : meter.Measure(_draft.Baseline.Proto, test);
        if (before is not null)
        {
            LabelAgreement.Require(before.Evaluation, _options.Evaluation);
            LabelAgreement.RequireClasses(before.Evaluation, _options.Classes, _options.Evaluation);
        }
        var edited = working;
        IReadOnlyList<SlimmedGroup> removed = [];
        string basis;
        if (_options.Method == UnlearnMethod.SuppressLogit) basis = Suppress(last);
        else if (_options.Method == UnlearnMethod.DisceditU) basis = Discedit(last, images!);
        else if (images is null) basis = new MomentsFit(working, stage!, _data.Moments!.Statistics, _options).Apply();
        else (edited, basis, removed) = Refit(stage!, images, meter, last);
        UnlearnReport? report = null;
        var model = _draft.Finish(finished =>
        {
            report = new UnlearnReport
            {
                Classes = _options.Classes,
                Measured = before is null ? null : meter.Compare(before, meter.Measure(finished.Proto, test!), test!),
                Before = counts with { Bytes = ModelCounts.ByteCount(_draft.Source.Proto) },
                After = Counts(edited.Proto, edited.Trace),
                Removed = removed,
                Basis = basis,
                Notes = _notes,
            };
            return UnlearnHistory.Entry(_draft.Source, report, _options, _data.Moments is not null);
        });
        var result = new UnlearnResult(model, report!);
        if (_options.Finetune is not null) result = Finetuned(result, meter, before, test);
        return result with { Report = result.Report with { After = report!.After with { Bytes = ModelCounts.ByteCount(result.Model.Proto) } } };
    }

    // Kept unless the class comes back on the validation images.
    UnlearnResult Finetuned(UnlearnResult edited, ForgetMeter meter, ForgetMeter.Measured? before, ItemSet? test)
    {
        var data = new ModelData("the data of the edit") { Train = Labelled(_data.Train, "training"), Validation = Labelled(_data.Validation, "validation") };
        var (model, training) = Finetuner.Finetune(edited.Model, data, _options.Finetune! with { Teacher = _draft.Source, Forget = _options.Classes, Evaluation = _options.Finetune.Evaluation with { Task = ClassificationTask.Word } }, _progress, _cancellation);
        var report = edited.Report with { Finetuning = training };
        double Forgotten(OnnxModel m) => Evaluator.Evaluate(m, data.Validation!, _options.Evaluation, _progress, CancellationToken.None).On(_options.Classes.Contains);
        var (then, now) = (Forgotten(edited.Model), Forgotten(model));
        if (training.BestStep == 0 || now > Math.Max(then, _options.ForgetTarget / 100))
        {
            _notes.Add(training.BestStep == 0 ? "Fine-tuning made nothing better; the model is as it was edited."
                : FormattableString.Invariant($"Fine-tuning brought {100 * now:F1} % of what was forgotten back on the validation items, so it is left out; the model is as it was edited."));
            return edited with { Report = report };
        }
        return new UnlearnResult(model, report with
        {
            MeasuredBeforeFinetuning = report.Measured,
            Measured = before is null ? null : meter.Compare(before, meter.Measure(model.Proto, test!), test!),
        });
    }

    (NormalisedModel Model, string Basis, IReadOnlyList<SlimmedGroup> Removed) Refit(FeatureStage stage, ClassImages images, ForgetMeter meter, LastLayer last)
    {
        var validation = Labelled(_data.Validation, "validation");
        var original = meter.Measure(_draft.Baseline.Proto, validation);
        var choice = new RefitChoice(_options, meter, original, validation, _progress, _cancellation);
        var removal = !_options.Physical ? null
            : new ForgottenChannels(_draft, last, images, meter, original, validation, _options, _progress, _cancellation).Remove();
        var (model, end) = removal is null ? (_draft.Working, stage) : (removal.Model, FeatureStage.Of(removal.Model, _signature.LogitsName));
        var done = choice.Apply(model, end, images);
        if (choice.Note is { } note) _notes.Add(note);
        // The features that were removed had their weights in the last layer.
        var keepsLast = stage.Classifier.Read().Weights.Cast<float>().SequenceEqual(end.Classifier.Read().Weights.Cast<float>());
        return (model, $"{removal?.Basis}{(removal is null ? "" : " ")}{done}; the head {(keepsLast ? "is as it was" : "lost the features removed and is re-fitted")}.", removal?.Groups ?? []);
    }

    string Discedit(LastLayer last, ClassImages images)
    {
        var (gone, layers) = new DisceditUnlearning(_draft.Working, last, _options).Apply(images, _progress, _cancellation);
        if (gone == 0)
            throw new OnnxEngineException(ErrorKind.TargetNotReached, "No channel's score stands out, so nothing would change; ask for less with UnlearnOptions.Deviations, for a number with UnlearnOptions.PerLayer, or look at more layers with UnlearnOptions.Tail.");
        var rule = _options.PerLayer is { } count ? FormattableString.Invariant($"the {count} with the highest scores of each layer")
            : FormattableString.Invariant($"those {_options.Deviations:0.##} standard deviations above their layer's mean score");
        return FormattableString.Invariant(
            $"DisCEdit-U ({Words.Of(_options.Witness)} witness): {gone} channels of {layers} layers set to zero, {rule}, from {images.Retained.Count + images.Forgotten.Values.Sum(f => f.Count):N0} items.");
    }

    string Suppress(LastLayer last)
    {
        const float Never = -1e4f; // Also in half precision.
        var (weights, bias) = last.Unit.Read();
        if (bias.Length != last.Classes)
            throw LastLayer.Unsuitable($"{last.Unit.Node.OpType} '{new NodeNames(_draft.Baseline.Proto.Graph).Of(last.Unit.Node)}', the last linear layer, has {bias.Length} outputs for {last.Classes} classes, so there is no logit to suppress");
        foreach (var c in _options.Classes)
        {
            bias[c] = Never;
            for (var k = 0; k < weights.GetLength(1); k++) weights[c, k] = 0;
        }
        last.Unit.Write(weights, bias);
        return "The logit is suppressed in the head: the class is hidden, not forgotten.";
    }

    ModelCounts Counts(ModelProto model, ShapeTrace trace) => ModelCounts.Of(model, trace.Sizes);

    // Labelled test images with both kinds of classes; without, only statistics can be worked from.
    ItemSet? Test()
    {
        if (_data.Moments is not null && _data.Test is not { IsLabelled: true })
        {
            _notes.Add("Nothing is measured, since there are no labelled items to measure on; UnlearnData.Train or UnlearnData.Test would tell how much is forgotten.");
            return null;
        }
        var test = Labelled(_data.Test, "test");
        foreach (var isForgotten in (bool[])[true, false])
            if (!Enumerable.Range(0, test.Count).Any(i => _options.Stays(test.Label(i)) != isForgotten))
                throw new OnnxEngineException(ErrorKind.Data, $"The test data holds no item of {(isForgotten ? "a class to forget" : "a class that stays")}, so the result cannot be measured; give other data with UnlearnData.Test.");
        return test;
    }

    void RequireOptions()
    {
        if (_options.Physical && _options.Method != UnlearnMethod.Refit)
            throw new OnnxEngineException(ErrorKind.Usage, "UnlearnOptions.Physical goes with UnlearnOptions.Method = refit, which re-fits what is left; leave one of them out.");
        if (_data.Moments is null) return;
        if (_options.Finetune is not null) throw new OnnxEngineException(ErrorKind.Usage, "UnlearnOptions.Finetune trains on items, which UnlearnData.Moments holds none of; leave one of them out.");
        if (_options.Method != UnlearnMethod.Refit)
            throw new OnnxEngineException(ErrorKind.Usage, $"UnlearnOptions.Method = {Words.Of(_options.Method)} does not work from UnlearnData.Moments; give UnlearnData.Train instead.");
        if (_options.Physical) throw new OnnxEngineException(ErrorKind.Usage, "UnlearnOptions.Physical checks on items how many channels can go, which UnlearnData.Moments holds none of; leave one of them out.");
        if (_options.MustReach)
            throw new OnnxEngineException(ErrorKind.Usage, "UnlearnOptions.RetainDrop and UnlearnOptions.ForgetTarget are checked on items, which UnlearnData.Moments holds none of; leave them out.");
    }

    void RequireClasses(int count)
    {
        if (_options.Classes.Count == 0) throw new OnnxEngineException(ErrorKind.Usage, "Name the class to forget, e.g. UnlearnOptions.Classes = 5.");
        foreach (var c in _options.Classes)
            if (c < 0 || c >= count) throw new OnnxEngineException(ErrorKind.Usage, $"There is no class {c}: the model has {count}, 0 to {count - 1}.");
        if (_options.Classes.Distinct().Count() >= count - 1)
            throw new OnnxEngineException(ErrorKind.Usage, $"At least two of the {count} classes have to stay.");
    }

    static ItemSet Labelled(ItemSet? images, string part)
    {
        if (images is not { IsLabelled: true })
            throw new OnnxEngineException(ErrorKind.Data, $"Unlearning needs labelled {part} items and the data has none; give a labelled data set with UnlearnData.Train.");
        var labelled = Enumerable.Range(0, images.Count).Where(i => images.Label(i) >= 0).ToArray();
        return labelled.Length == images.Count ? images : images.Select(labelled);
    }
}
