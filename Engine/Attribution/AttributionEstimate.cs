using System.Globalization;
using OnnxEdit.Engine.Attribution.Ablations;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Attribution;

/// <summary>Attributions from sums: the part of the work that needs neither model nor data.</summary>
sealed class AttributionEstimate
{
    readonly AttributionSubject _subject;

    AttributionEstimate(AttributionWork work, AttributionSums sums, AttributionSubject subject) => (Work, Sums, _subject) = (work, sums, subject);

    /// <summary>What was run.</summary>
    public AttributionWork Work { get; }

    /// <summary>What all of it gave.</summary>
    public AttributionSums Sums { get; }

    /// <summary>Estimates attributions.</summary>
    /// <param name="work">What was run.</param>
    /// <param name="sums">What all of it gave.</param>
    /// <param name="subject">What they are of.</param>
    public static Attributions Of(AttributionWork work, AttributionSums sums, AttributionSubject subject) =>
        work.Method.Estimate(new AttributionEstimate(work, sums, subject));

    /// <summary>
    /// A regression around scores that are known beforehand: these say most; some ablations tell how large they have to be, and correct
    /// them where a network answers otherwise than single effects let expect.
    /// </summary>
    /// <param name="scores">What is known, [examples][components].</param>
    /// <param name="errors">Standard errors of that; null: those of the regression.</param>
    public Attributions Around(float[][] scores, float[][]? errors)
    {
        var prior = new double[Work.Components][];
        // Coefficients of ablations are the negatives of scores.
        for (var j = 0; j < prior.Length; j++) prior[j] = [.. scores.Select(row => -(double)row[j])];
        var fitted = Regression(prior);
        return errors is null ? fitted : With(fitted.Scores, errors, fitted.Base);
    }

    /// <summary>A regression on ablations.</summary>
    /// <param name="prior">Coefficients known beforehand, [components][examples], or null.</param>
    public Attributions Regression(double[][]? prior)
    {
        var moments = new AblationMoments(Sums.Held is null ? Sums.Ablations! : AblationSums.Of(Sums.Ablations!, Sums.Held));
        if (prior is not null) AblationFit.Scale(prior, moments);
        var fit = AblationFit.Solve(Sums.Ablations!, Sums.Held, prior);
        var scores = Transposed(fit.Coefficients, -1);
        float[] bases = [.. scores.Select((row, e) => (float)(moments.Mean[e] - row.Select((s, j) => s * (1 - moments.Share[j])).Sum()))];
        return With(scores, Transposed(AblationFit.StandardErrors(moments, fit.Coefficients, fit.Ridge), 1), bases);
    }

    /// <summary>Scores as they are; with all components there, the prediction is the network's own answer.</summary>
    /// <param name="scores">[examples][components].</param>
    /// <param name="errors">Standard errors of these; null: not known.</param>
    public Attributions FromAll(float[][] scores, float[][]? errors) =>
        With(scores, errors ?? Unknown(), [.. scores.Select((row, e) => Sums.Answers[e] - row.Sum())]);

    float[][] Unknown() => [.. Enumerable.Range(0, Work.Examples).Select(_ =>
    {
        var row = new float[Work.Components];
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
        Answers = Sums.Answers,
        Labels = _subject.Labels,
        Facts = Facts(Work.Options, _subject),
    };

    static SortedDictionary<string, string> Facts(AttributionOptions options, AttributionSubject subject)
    {
        var facts = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["ablation"] = Words.Of(options.Ablation),
            ["alpha"] = options.Alpha.ToString(CultureInfo.InvariantCulture),
            ["answer"] = Words.Of(options.Answer),
            ["budget"] = options.Budget.ToString(CultureInfo.InvariantCulture),
            ["chunk"] = options.Chunk.ToString(CultureInfo.InvariantCulture),
            ["design"] = Words.Of(options.Design),
            ["kinds"] = Words.Of(options.Components),
            ["method"] = options.Method,
            ["model_sha256"] = subject.ModelSha256,
            ["seed"] = options.Seed.ToString(CultureInfo.InvariantCulture),
            ["shortcuts"] = options.Shortcuts ? "true" : "false",
        };
        if (options.Layers is { } layers) facts["layers"] = string.Join(',', layers);
        if (subject.Answer is { } answer) (facts["task"], facts["answer"], facts["answer_is"]) = (answer.Task, answer.Word, answer.Said);
        if (options.Pooling is { } pooling) facts["pooling"] = pooling;
        return facts;
    }
}
