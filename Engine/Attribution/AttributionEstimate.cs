using System.Globalization;
using OnnxEdit.Engine.Attribution.Ablations;
using OnnxEdit.Engine.Data;
using OnnxEdit.Kernels.RandomNumbers;

namespace OnnxEdit.Engine.Attribution;

/// <summary>Attributions from sums: the part of the work that needs neither model nor data.</summary>
sealed class AttributionEstimate
{
    readonly AttributionWork _work;
    readonly AttributionSums _sums;
    readonly AttributionSubject _subject;

    AttributionEstimate(AttributionWork work, AttributionSums sums, AttributionSubject subject) => (_work, _sums, _subject) = (work, sums, subject);

    /// <summary>Estimates attributions.</summary>
    /// <param name="work">What was run.</param>
    /// <param name="sums">What all of it gave.</param>
    /// <param name="subject">What they are of.</param>
    public static Attributions Of(AttributionWork work, AttributionSums sums, AttributionSubject subject)
    {
        var estimate = new AttributionEstimate(work, sums, subject);
        return work.Options.Method switch
        {
            AttributionMethod.Combined => estimate.Around(sums.Gradients!.Means(), sums.Gradients.StandardErrors()),
            AttributionMethod.RidgeAroundLeaveOneOut => estimate.Around(sums.LeftOut!, null),
            AttributionMethod.Gradients => estimate.FromAll(sums.Gradients!.Means(), sums.Gradients.StandardErrors()),
            AttributionMethod.Ridge or AttributionMethod.Ols => estimate.Regression(null),
            AttributionMethod.LeaveOneOut => estimate.FromAll(sums.LeftOut!, null),
            AttributionMethod.Random => estimate.FromAll(estimate.Drawn(), null),
            _ => estimate.FromAll(sums.Gradients!.Means(), null),
        };
    }

    // What is known beforehand says most; some ablations tell how large the scores have to be, and correct them where a
    // network answers otherwise than single effects let expect.
    Attributions Around(float[][] scores, float[][]? errors)
    {
        var prior = new double[_work.Components][];
        // Coefficients of ablations are the negatives of scores.
        for (var j = 0; j < prior.Length; j++) prior[j] = [.. scores.Select(row => -(double)row[j])];
        var fitted = Regression(prior);
        return errors is null ? fitted : With(fitted.Scores, errors, fitted.Base);
    }

    Attributions Regression(double[][]? prior)
    {
        var moments = new AblationMoments(_sums.Held is null ? _sums.Ablations! : AblationSums.Of(_sums.Ablations!, _sums.Held));
        if (prior is not null) AblationFit.Scale(prior, moments);
        var fit = AblationFit.Solve(_sums.Ablations!, _sums.Held, prior);
        var scores = Transposed(fit.Coefficients, -1);
        float[] bases = [.. scores.Select((row, e) => (float)(moments.Mean[e] - row.Select((s, j) => s * (1 - moments.Share[j])).Sum()))];
        return With(scores, Transposed(AblationFit.StandardErrors(moments, fit.Coefficients, fit.Ridge), 1), bases);
    }

    // With all components there, the prediction is the network's own answer.
    Attributions FromAll(float[][] scores, float[][]? errors) =>
        With(scores, errors ?? Unknown(), [.. scores.Select((row, e) => _sums.Answers[e] - row.Sum())]);

    float[][] Drawn() => [.. Enumerable.Range(0, _work.Examples).Select(e =>
    {
        var random = new Philox4x32(_work.Options.Seed, RandomStreams.RandomAttributions + (ulong)e);
        return Enumerable.Range(0, _work.Components).Select(_ => (float)random.NextGaussian()).ToArray();
    })];

    float[][] Unknown() => [.. Enumerable.Range(0, _work.Examples).Select(_ =>
    {
        var row = new float[_work.Components];
        Array.Fill(row, float.NaN);
        return row;
    })];

    static float[][] Transposed(double[][] values, int sign) =>
        [.. Enumerable.Range(0, values[0].Length).Select(e => values.Select(row => (float)(sign * row[e])).ToArray())];

    Attributions With(IReadOnlyList<float[]> scores, IReadOnlyList<float[]> errors, IReadOnlyList<float> bases) => new()
    {
        Components = _subject.Components,
        Scores = scores,
        StandardErrors = errors,
        Base = bases,
        Answers = _sums.Answers,
        Labels = _subject.Labels,
        Facts = Facts(_work.Options, _subject.ModelSha256),
    };

    static SortedDictionary<string, string> Facts(AttributionOptions options, string sha256)
    {
        var facts = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["ablation"] = options.Ablation.ToString(),
            ["alpha"] = options.Alpha.ToString(CultureInfo.InvariantCulture),
            ["answer"] = options.Answer.ToString(),
            ["budget"] = options.Budget.ToString(CultureInfo.InvariantCulture),
            ["chunk"] = options.Chunk.ToString(CultureInfo.InvariantCulture),
            ["design"] = options.Design.ToString(),
            ["kinds"] = options.Components.ToString(),
            ["method"] = options.Method.ToString(),
            ["model_sha256"] = sha256,
            ["seed"] = options.Seed.ToString(CultureInfo.InvariantCulture),
            ["shortcuts"] = options.Shortcuts ? "true" : "false",
        };
        if (options.Layers is { } layers) facts["layers"] = string.Join(',', layers);
        return facts;
    }
}
