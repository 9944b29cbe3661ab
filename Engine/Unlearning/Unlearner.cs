using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine;

/// <summary>Makes a classifier forget classes by editing its body, and measures what it still knows.</summary>
public sealed class Unlearner
{
    // Tried in this order until one keeps to the limits.
    static readonly Setting[] _settings = [new(2, 3, 1), new(4, 9, 1), new(4, 3, .75), new(4, 9, .75), new(4, 3, .5), new(6, 6, .25), new(6, 3, 0), new(8, 9, 0)];

    // The margin relative to the model's usual one, the weight of a class to forget against one that stays, how far means are matched.
    sealed record Setting(double Margin, double Weight, double Match);

    // How far above chance the probe should read the class, relative to the original, and what more than that counts in points of accuracy.
    const double ProbeTarget = 0.5, ProbeWorth = 5;

    readonly OnnxModel _source;
    readonly ModelData _data;
    readonly UnlearnOptions _options;
    readonly IProgress<WorkProgress>? _progress;
    readonly CancellationToken _cancellation;
    readonly NormalisedModel _model;
    readonly ClassifierSignature _signature;
    readonly List<string> _notes = [];

    Unlearner(OnnxModel source, ModelData data, UnlearnOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        (_source, _data, _options, _progress, _cancellation) = (source, data, options, progress, cancellation);
        _signature = ClassifierSignature.Of(source.Proto, options.Evaluation.Output);
        _model = NormalisedModel.Create(source.Proto);
    }

    /// <summary>Edits a model. Synchronous; writes no files.</summary>
    /// <param name="model">The classifier; not changed.</param>
    /// <param name="data">Labelled images: training ones to learn from, validation ones to choose settings on, test ones to report on.</param>
    /// <param name="options">Which classes, and how.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <exception cref="OnnxEngineException">
    /// No such class (<see cref="ErrorKind.Usage"/>), not a classifier or one of a form that cannot be edited (<see cref="ErrorKind.Model"/>),
    /// no images of a class or of the others (<see cref="ErrorKind.Data"/>), limits not reached (<see cref="ErrorKind.TargetNotReached"/>).
    /// </exception>
    /// <exception cref="OnnxSurgeryException">The model cannot be analysed.</exception>
    public static UnlearnResult Unlearn(
        OnnxModel model, ModelData data, UnlearnOptions options, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default) =>
        new Unlearner(model, data, options, progress, cancellation).Run();

    UnlearnResult Run()
    {
        var stage = FeatureStage.Of(_model, _signature.LogitsName);
        RequireClasses(stage.Classes);
        var test = Labelled(_data.Test, "test");
        foreach (var isForgotten in (bool[])[true, false])
            if (!Enumerable.Range(0, test.Count).Any(i => Stays(test.Label(i)) != isForgotten))
                throw new OnnxEngineException(ErrorKind.Data, $"The test data holds no image of {(isForgotten ? "a class to forget" : "a class that stays")}, so the result cannot be measured; give other data with --eval-data.");
        var images = ClassImages.Draw(Labelled(_data.Train, "training"), _options, _data.ClassNames);
        var before = Measure(_source.With(_model.Proto), stage, test);
        var basis = _options.Method switch
        {
            UnlearnMethod.SuppressLogit => Suppress(stage),
            UnlearnMethod.DisceditU => Discedit(images),
            _ => Refit(stage, images),
        };
        EditVerification.Check(_model, _model.Proto);
        var result = _source.With(Finished());
        var report = Report(before, Measure(result, stage, test), test, basis);
        ModelHistory.Append(result.Proto, UnlearnHistory.Entry(_source, report, _options));
        return new UnlearnResult(result, report);
    }

    ModelProto Finished()
    {
        ConstantFills.Restore(_model.Proto.Graph, _model.Fills);
        return _model.Proto;
    }

    string Refit(FeatureStage stage, ClassImages images)
    {
        var validation = Labelled(_data.Validation, "validation");
        var layout = ItemLayout.Of(_model);
        using var retained = new PrefixRunner(_model.Proto, layout, images.Retained, _options.Batch);
        var forgotten = images.Forgotten.ToDictionary(f => f.Key, f => new PrefixRunner(_model.Proto, layout, f.Value, _options.Batch));
        try
        {
            _progress?.Report(new WorkProgress("fitting", 0, _settings.Length));
            var fit = new ForgetFit(_model, stage, retained, forgotten, _options, _cancellation);
            var (margin, weight, _) = Choose(stage, fit, validation);
            var name = PatchGraph.Of(stage.Last.Unit, _model).Name;
            return FormattableString.Invariant(
                $"{name} re-fitted on {images.Retained.Count:N0} images of other classes and {images.Forgotten.Values.Sum(f => f.Count):N0} of those to forget (margin {margin:0.#} logits, weight {weight:0.#}), mean features matched to {100 * fit.MeanDistance:0.#} %; the head is as it was.");
        }
        finally
        {
            foreach (var prefix in forgotten.Values) prefix.Dispose();
        }
    }

    // The first settings that keep to all limits on the validation images, else those that exceed them least.
    Setting Choose(FeatureStage stage, ForgetFit fit, ImageSet validation)
    {
        var original = Measure(_source.With(_model.Proto), stage, validation);
        var usual = Math.Max(1e-3, fit.UsualMargin());
        var (best, least) = (_settings[0], double.PositiveInfinity);
        (double Forgotten, double Drop) reached = default;
        for (var s = 0; s < _settings.Length; s++)
        {
            fit.Apply(_settings[s].Margin * usual, _settings[s].Weight, _settings[s].Match, _cancellation);
            var edited = Measure(_source.With(_model.Proto), stage, validation);
            _progress?.Report(new WorkProgress("fitting", s + 1, _settings.Length));
            var left = 100 * edited.Evaluation.On(_options.Classes.Contains);
            var drop = 100 * (original.Evaluation.On(Stays) - edited.Evaluation.On(Stays));
            var read = Probes(original, edited, validation).Max(p => (p.After - 0.5) / Math.Max(p.Before - 0.5, 0.05));
            var excess = Math.Max(0, left - _options.ForgetTarget) + Math.Max(0, drop - _options.RetainDrop) + ProbeWorth * Math.Max(0, read - ProbeTarget);
            if (excess < least) (best, least, reached) = (_settings[s], excess, (left, drop));
            if (excess <= 0) break;
        }
        Require(reached.Forgotten, reached.Drop);
        if (least > 0) fit.Apply(usual * best.Margin, best.Weight, best.Match, _cancellation);
        return best with { Margin = best.Margin * usual };
    }

    bool Stays(int @class) => !_options.Classes.Contains(@class);

    void Require(double forgotten, double drop)
    {
        if (forgotten <= _options.ForgetTarget && drop <= _options.RetainDrop) return;
        var result = FormattableString.Invariant(
            $"forgotten classes at {forgotten:0.0} % (asked for: {_options.ForgetTarget:0.##}) with the others losing {Math.Max(0, drop):0.0} points (asked for: {_options.RetainDrop:0.##})");
        if (_options.MustReach) throw new OnnxEngineException(ErrorKind.TargetNotReached, $"On the validation images the closest is {result}; ask for less with --forget-target or --retain-drop.");
        _notes.Add($"The usual limits are not reached; the closest on the validation images: {result}.");
    }

    string Discedit(ClassImages images)
    {
        var gone = new DisceditUnlearning(_model, _options).Apply(images, _progress, _cancellation);
        if (gone == 0)
            throw new OnnxEngineException(ErrorKind.TargetNotReached, "No channel's score stands out, so nothing would change; ask for less with --deviations, or look at more layers with --tail.");
        return FormattableString.Invariant(
            $"DisCEdit-U: {gone} channels of the last {100 * _options.Tail:0} % of the linear layers set to zero, those {_options.Deviations:0.##} standard deviations above their layer's mean score, from {images.Retained.Count + images.Forgotten.Values.Sum(f => f.Count):N0} images.");
    }

    string Suppress(FeatureStage stage)
    {
        const float Never = -1e4f; // Also in half precision.
        var (weights, bias) = stage.Head.Read();
        foreach (var c in _options.Classes)
        {
            bias[c] = Never;
            for (var k = 0; k < weights.GetLength(1); k++) weights[c, k] = 0;
        }
        stage.Head.Write(weights, bias);
        return "The logit is suppressed in the head: the class is hidden, not forgotten.";
    }

    UnlearnReport Report(Measured before, Measured after, ImageSet test, string basis)
    {
        var isForgotten = Enumerable.Range(0, test.Count).Select(i => _options.Classes.Contains(test.Label(i))).ToArray();
        PairedDifference Difference(bool forgotten) => PairedDifference.Of(
            [.. before.Evaluation.Correct.Where((_, i) => isForgotten[i] == forgotten)], [.. after.Evaluation.Correct.Where((_, i) => isForgotten[i] == forgotten)]);
        return new UnlearnReport
        {
            Classes = _options.Classes,
            Before = before.Evaluation,
            After = after.Evaluation,
            Forgotten = Difference(true),
            Retained = Difference(false),
            WentTo = [.. Enumerable.Range(0, after.Evaluation.Classes).Select(c => after.Evaluation.Predicted.Where((p, i) => p == c && isForgotten[i]).Count())],
            Probe = Probes(before, after, test),
            Basis = basis,
            Notes = _notes,
        };
    }

    ProbeResult[] Probes(Measured before, Measured after, ImageSet images) => [.. _options.Classes.Select(c =>
    {
        bool[] own = [.. Enumerable.Range(0, images.Count).Select(i => images.Label(i) == c)];
        return own.Count(o => o) < LinearProbe.Folds ? new ProbeResult(c, 0.5, 0.5)
            : new ProbeResult(c, LinearProbe.BalancedAccuracy(before.Features, own), LinearProbe.BalancedAccuracy(after.Features, own));
    })];

    sealed record Measured(Evaluation Evaluation, float[][] Features);

    // Accuracy, and what the head reads for every test image.
    Measured Measure(OnnxModel model, FeatureStage stage, ImageSet test)
    {
        var rows = new float[test.Count][];
        using var session = new ClassifierSession(model, _options.Evaluation.Output, _options.Evaluation.Batch, stage.Head.Input);
        var evaluation = Evaluator.Evaluate(session, test, _progress, _cancellation, (first, count, values) =>
        {
            for (var i = 0; i < count; i++) rows[first + i] = values.Slice(i * (values.Length / count), values.Length / count).ToArray();
        });
        return new Measured(evaluation, rows);
    }

    void RequireClasses(int count)
    {
        if (_options.Classes.Count == 0) throw new OnnxEngineException(ErrorKind.Usage, "Name the class to forget, e.g. --class 5.");
        foreach (var c in _options.Classes)
            if (c < 0 || c >= count) throw new OnnxEngineException(ErrorKind.Usage, $"There is no class {c}: the model has {count}, 0 to {count - 1}.");
        if (_options.Classes.Distinct().Count() >= count - 1)
            throw new OnnxEngineException(ErrorKind.Usage, $"At least two of the {count} classes have to stay.");
    }

    static ImageSet Labelled(ImageSet? images, string part)
    {
        if (images is not { IsLabelled: true })
            throw new OnnxEngineException(ErrorKind.Data, $"Unlearning needs labelled {part} images and the data has none; give a labelled data set with --data.");
        var labelled = Enumerable.Range(0, images.Count).Where(i => images.Label(i) >= 0).ToArray();
        return labelled.Length == images.Count ? images : images.Select(labelled);
    }
}
