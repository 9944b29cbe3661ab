using System.Globalization;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine;

/// <summary>
/// Estimates what every component of a classifier contributes to the answer of every example (component attribution; Shah,
/// Ilyas and Madry, 2024), and evaluates such estimates.
/// </summary>
public sealed class Attributor
{
    /// <summary>Share of the budget that ablations have beside gradients, as 1 / this.</summary>
    const int AblationShare = 5;

    readonly OnnxModel _source;
    readonly AttributionOptions _options;
    readonly ClassifierSignature _signature;
    readonly NormalisedModel _model;
    readonly ComponentConstants _constants;
    readonly ImageSet _images;
    readonly IProgress<WorkProgress>? _progress;
    readonly CancellationToken _cancellation;

    /// <summary>Prepares a model and examples.</summary>
    /// <param name="model">The classifier; not changed.</param>
    /// <param name="images">The examples to explain; all need labels.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told of the work.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <exception cref="OnnxEngineException">Not a classifier of float32 (<see cref="ErrorKind.Model"/>), or examples without labels (<see cref="ErrorKind.Data"/>).</exception>
    /// <exception cref="OnnxSurgeryException">The model has no such components.</exception>
    public Attributor(OnnxModel model, ImageSet images, AttributionOptions options, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        (_source, _images, _options, _progress, _cancellation) = (model, images, options, progress, cancellation);
        _signature = ClassifierSignature.Of(model.Proto, options.Output);
        _model = NormalisedModel.Create(model.Proto);
        Components = ComponentSearch.Find(_model, [_signature.LogitsName], options.Components, options.Shortcuts);
        for (var i = 0; i < images.Count; i++)
            if (images.Label(i) < 0) throw new OnnxEngineException(ErrorKind.Data, $"Example {i} has no label, and what counts for an answer depends on it; give labelled data.");
        if (options.Alpha is not (> 0 and <= 0.5)) throw new OnnxEngineException(ErrorKind.Usage, "The share of components to ablate must be above 0 and at most 0.5.");
        _constants = options.Ablation == AblationKind.Mean
            ? ComponentConstants.Means(ComponentMeans.Measure(_model, Components, images, Batch, cancellation))
            : ComponentConstants.Of(_model, Components, options.Ablation);
    }

    /// <summary>The components.</summary>
    public ComponentMap Components { get; }

    int Batch => _signature.FixedBatch ?? Math.Min(_options.Batch, _images.Count);

    /// <summary>Estimates attributions. Synchronous; writes no files.</summary>
    /// <exception cref="OnnxEngineException">The budget is too small for the method (<see cref="ErrorKind.Usage"/>).</exception>
    /// <exception cref="OnnxSurgeryException">An operator has no gradient, and the method needs one.</exception>
    public Attributions Attribute() => _options.Method switch
    {
        AttributionMethod.Combined => Combined(),
        AttributionMethod.Gradients => FromGradients(_options.Budget / 3).Result,
        AttributionMethod.Ridge => FromAblations(_options.Budget, held: true, null),
        AttributionMethod.Ols => FromAblations(_options.Budget, held: false, null),
        AttributionMethod.LeaveOneOut => LeaveOneOut(),
        _ => GradientTimesParameter(),
    };

    /// <summary>Compares attributions with what fresh random masks do.</summary>
    /// <param name="attributions">Attributions of the same examples and components.</param>
    /// <param name="alpha">Share of components that the masks ablate.</param>
    /// <param name="masks">Number of masks.</param>
    /// <exception cref="OnnxEngineException">They are of other examples or components (<see cref="ErrorKind.Data"/>).</exception>
    public AttributionEvaluation Evaluate(Attributions attributions, double alpha, int masks) => Evaluate([attributions], alpha, masks)[0];

    /// <summary>The same for several estimates, on the same masks.</summary>
    /// <inheritdoc cref="Evaluate(Attributions, double, int)"/>
    public IReadOnlyList<AttributionEvaluation> Evaluate(IReadOnlyList<Attributions> estimates, double alpha, int masks)
    {
        foreach (var attributions in estimates) RequireSame(attributions);
        var design = new MaskDesign(MaskDesignKind.Bernoulli, Components.Count, alpha, _options.Seed);
        using var runs = Runs();
        List<double[]>[] predicted = [.. estimates.Select(_ => new List<double[]>())];
        List<float[]> actual = [];
        for (var k = 0; k < masks; k++)
        {
            var ablated = design.Ablated(k, RandomStreams.FreshMasks);
            var answers = new float[_images.Count];
            runs.Run(ablated, answers, _cancellation);
            actual.Add(answers);
            for (var i = 0; i < estimates.Count; i++) predicted[i].Add([.. Enumerable.Range(0, answers.Length).Select(e => estimates[i].Predict(e, ablated))]);
            _progress?.Report(new WorkProgress("fresh masks", k + 1, masks));
        }
        return [.. predicted.Select(p => AttributionEvaluation.Of(alpha, p, actual))];
    }

    void RequireSame(Attributions attributions)
    {
        if (attributions.Scores.Count != _images.Count || !attributions.Components.SequenceEqual(Names))
            throw new OnnxEngineException(ErrorKind.Data, $"The attributions are of {attributions.Scores.Count} examples and {attributions.Components.Count} components, and here are {_images.Count} and {Components.Count}; give the model, data and options they were made with.");
    }

    string[] Names => [.. Enumerable.Range(0, Components.Count).Select(Components.Name)];

    AblationRuns Runs() => new(_source, _model, _signature, Components, _constants, _images, _options.Answer, Batch);

    // Gradients say most for their cost; some ablations tell how large the scores have to be, and correct them where a
    // network answers otherwise than its gradients let expect.
    Attributions Combined()
    {
        var ablations = _options.Budget / AblationShare;
        var (gradients, prior) = FromGradients((_options.Budget - ablations) / 3);
        var fitted = FromAblations(ablations, held: true, prior);
        return With(fitted.Scores, gradients.StandardErrors, fitted.Base, gradients.Answers);
    }

    (Attributions Result, double[][] Prior) FromGradients(int passes)
    {
        var masks = new PathMasks(Components.Count, _options.Alpha, _options.Seed);
        if (passes < masks.Round)
            throw new OnnxEngineException(ErrorKind.Usage, $"The budget allows {passes} passes forward and backward, and at this share of ablated components every one is looked at in {masks.Round}; give a budget of {3 * masks.Round * AblationShare / (AblationShare - 1) + 1} or more.");
        var sums = new PathGradients(_images.Count, Components.Count);
        var (done, all) = (0L, (long)passes * _images.Count);
        using (var session = new MaskedGradients(_model, _signature, Components, _constants, _options.Answer, Batch))
            sums.Run(session, _images, masks, 0, passes, count => _progress?.Report(new WorkProgress("mask gradients", (int)((done += count) * 1000 / all), 1000)), _cancellation);
        var scores = sums.Means();
        var answers = Answer();
        // Coefficients of ablations are the negatives of scores.
        var prior = new double[Components.Count][];
        for (var j = 0; j < prior.Length; j++) prior[j] = [.. scores.Select(row => -(double)row[j])];
        return (With(scores, sums.StandardErrors(), Base(scores, answers), answers), prior);
    }

    Attributions FromAblations(int count, bool held, double[][]? prior)
    {
        if (count < 4) throw new OnnxEngineException(ErrorKind.Usage, $"The budget allows {count} ablations, and a regression needs more.");
        var design = new MaskDesign(_options.Design, Components.Count, _options.Alpha, _options.Seed);
        var (train, check) = (new AblationSums(Components.Count, _images.Count), held ? new AblationSums(Components.Count, _images.Count) : null);
        var answers = new float[_images.Count];
        using (var runs = Runs())
            for (var k = 0; k < count; k++)
            {
                var ablated = design.Ablated(k, RandomStreams.Masks);
                runs.Run(ablated, answers, _cancellation);
                // Every fifth is held out to choose the ridge on.
                (check is not null && k % 5 == 4 ? check : train).Add(ablated, answers);
                _progress?.Report(new WorkProgress("ablations", k + 1, count));
            }
        var moments = new AblationMoments(check is null ? train : AblationSums.Of(train, check));
        if (prior is not null) AblationFit.Scale(prior, moments);
        var fit = AblationFit.Solve(train, check, prior);
        var scores = Transposed(fit.Coefficients, -1);
        float[] bases = [.. scores.Select((row, e) => (float)(moments.Mean[e] - row.Select((s, j) => s * (1 - moments.Share[j])).Sum()))];
        return With(scores, Transposed(AblationFit.StandardErrors(moments, fit.Coefficients, fit.Ridge), 1), bases, Answer());
    }

    Attributions LeaveOneOut()
    {
        var answers = Answer();
        var scores = answers.Select(_ => new float[Components.Count]).ToArray();
        var without = new float[_images.Count];
        using (var runs = Runs())
            for (var j = 0; j < Components.Count; j++)
            {
                runs.Run([j], without, _cancellation);
                for (var e = 0; e < without.Length; e++) scores[e][j] = answers[e] - without[e];
                _progress?.Report(new WorkProgress("components left out", j + 1, Components.Count));
            }
        return With(scores, Unknown(), Base(scores, answers), answers);
    }

    Attributions GradientTimesParameter()
    {
        var (scores, answers) = (new float[_images.Count][], Answer());
        using (var session = new MaskedGradients(_model, _signature, Components, _constants, _options.Answer, Batch))
        {
            Array.Fill(session.Masks, 1);
            for (var at = 0; at < _images.Count; at += session.Batch)
            {
                _cancellation.ThrowIfCancellationRequested();
                var (first, count) = (at, session.Load(_images, at));
                session.Run((_, gradients) =>
                {
                    for (var i = 0; i < count; i++) scores[first + i] = gradients.Slice(i * Components.Count, Components.Count).ToArray();
                });
                _progress?.Report(new WorkProgress("gradients", at + count, _images.Count));
            }
        }
        return With(scores, Unknown(), Base(scores, answers), answers);
    }

    // Answers of the network as it is.
    float[] Answer()
    {
        using var runs = Runs();
        var answers = new float[_images.Count];
        runs.Run([], answers, _cancellation);
        return answers;
    }

    // With all components there, the prediction is the network's own answer.
    static float[] Base(IReadOnlyList<float[]> scores, float[] answers) => [.. scores.Select((row, e) => answers[e] - row.Sum())];

    float[][] Unknown() => [.. Enumerable.Range(0, _images.Count).Select(_ =>
    {
        var row = new float[Components.Count];
        Array.Fill(row, float.NaN);
        return row;
    })];

    static float[][] Transposed(double[][] values, int sign) =>
        [.. Enumerable.Range(0, values[0].Length).Select(e => values.Select(row => (float)(sign * row[e])).ToArray())];

    Attributions With(IReadOnlyList<float[]> scores, IReadOnlyList<float[]> errors, IReadOnlyList<float> bases, IReadOnlyList<float> answers) => new()
    {
        Components = Names,
        Scores = scores,
        StandardErrors = errors,
        Base = bases,
        Answers = answers,
        Labels = [.. Enumerable.Range(0, _images.Count).Select(_images.Label)],
        Facts = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["ablation"] = _options.Ablation.ToString(),
            ["alpha"] = _options.Alpha.ToString(CultureInfo.InvariantCulture),
            ["answer"] = _options.Answer.ToString(),
            ["budget"] = _options.Budget.ToString(CultureInfo.InvariantCulture),
            ["kinds"] = _options.Components.ToString(),
            ["method"] = _options.Method.ToString(),
            ["model_sha256"] = _source.Sha256,
            ["seed"] = _options.Seed.ToString(CultureInfo.InvariantCulture),
            ["shortcuts"] = _options.Shortcuts ? "true" : "false",
        },
    };
}
