using System.Globalization;
using MathNet.Numerics.Distributions;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Tasks;

/// <summary>
/// Whether the labels of the data are the classes of a model, judged by what it predicts: a wrong order of classes or a wrong
/// output is seen here before anything is learned from the labels.
/// </summary>
sealed record LabelAgreement
{
    /// <summary>How sure a refusal is, one-sided.</summary>
    const double Confidence = 0.99;

    /// <summary>What a label needs to be read off its predictions: so many for one class, and so many more than twice those for the next.</summary>
    const int Lead = 4;

    /// <summary>Number of items.</summary>
    public required int Items { get; init; }

    /// <summary>Share of the items whose label is predicted.</summary>
    public required double Accuracy { get; init; }

    /// <summary>The share that predictions would agree with which have nothing to do with the labels and are as frequent.</summary>
    public required double Guessing { get; init; }

    /// <summary>Whether more items agree than by guessing (binomial test, one-sided 99 %).</summary>
    public required bool IsAboveGuessing { get; init; }

    /// <summary>
    /// Whether other labels, one for one, agree with significantly more items: found on one half of them and counted on
    /// the other, both ways (sign test, one-sided 99 %).
    /// </summary>
    public required bool IsOutdone { get; init; }

    /// <summary>
    /// From labels to classes, where every label is clearly predicted as one class, no two labels as the same, and the labels as
    /// they are do worse; else null.
    /// </summary>
    public IReadOnlyDictionary<int, int>? Mapping { get; init; }

    /// <summary>Share of the items that agree with <see cref="Mapping"/>.</summary>
    public double MappedAccuracy { get; init; }

    /// <summary>The mapping as users write it: "0=1,1=2".</summary>
    /// <param name="inForce">The map that the labels went through already, or null; what is written then takes its place.</param>
    public string? MappingText(IReadOnlyDictionary<int, int>? inForce = null) => Mapping is null ? null
        : string.Join(',', (inForce ?? Mapping.Keys.ToDictionary(l => l)).Where(m => Mapping.ContainsKey(m.Value)).OrderBy(m => m.Key).Select(m => FormattableString.Invariant($"{m.Key}={Mapping[m.Value]}")));

    /// <summary>What is wrong, as a sentence without its full stop; null: nothing.</summary>
    /// <param name="inForce">See <see cref="MappingText"/>.</param>
    /// <param name="mayGuess">Whether a model that only guesses is as it should be, since it is to be trained.</param>
    public string? Doubt(IReadOnlyDictionary<int, int>? inForce = null, bool mayGuess = false)
    {
        // Items may be too few to tell from guessing; where all are right, nothing speaks against the labels.
        if (!IsOutdone && (IsAboveGuessing || mayGuess || Accuracy == 1)) return null;
        var found = string.Create(CultureInfo.InvariantCulture, $"the model is right on {100 * Accuracy:0.0} % of {Items:N0} labelled items, where guessing would be right on {100 * Guessing:0.0} %");
        return Mapping is not null ? string.Create(CultureInfo.InvariantCulture, $"{found}; with DataOptions.LabelMap = {MappingText(inForce)} it is right on {100 * MappedAccuracy:0.0} %")
            : IsOutdone ? $"{found}, and other labels for the same classes agree with more, but not with all clearly; look at the order of the classes (DataOptions.LabelMap), at the output (EvaluationOptions.Output) and at the preprocessing (Preprocessing.KnownVariants)"
            : $"{found}; look at the order of the classes (DataOptions.LabelMap), at the output (EvaluationOptions.Output) and at the preprocessing (Preprocessing.KnownVariants)";
    }

    /// <summary>Refuses labels that are in doubt, unless <see cref="EvaluationOptions.ForceLabels"/> says that they are right.</summary>
    /// <param name="evaluation">The model as it is on labelled items.</param>
    /// <param name="options">Whether they are to be believed all the same, and what map they went through.</param>
    /// <param name="mayGuess">See <see cref="Doubt"/>.</param>
    /// <exception cref="OnnxEngineException">They are in doubt (<see cref="ErrorKind.Data"/>).</exception>
    public static void Require(Evaluation evaluation, EvaluationOptions options, bool mayGuess = false)
    {
        if (!options.ForceLabels) Of(evaluation).Require(options.LabelMap, mayGuess);
    }

    /// <summary>The same where predictions were compared already.</summary>
    /// <param name="inForce">The map that the labels went through; null: none.</param>
    /// <param name="mayGuess">See <see cref="Doubt"/>.</param>
    /// <exception cref="OnnxEngineException">They are in doubt (<see cref="ErrorKind.Data"/>).</exception>
    public void Require(IReadOnlyDictionary<int, int>? inForce, bool mayGuess = false)
    {
        if (Doubt(inForce, mayGuess) is { } doubt)
            throw new OnnxEngineException(ErrorKind.Data, $"The labels do not fit the model: {doubt}. Nothing is edited by such labels unless EvaluationOptions.ForceLabels is set.");
    }

    /// <summary>Refuses classes to edit whose items the model mostly takes for another class: the label may be that of another.</summary>
    /// <param name="evaluation">The model as it is on labelled items.</param>
    /// <param name="classes">The classes.</param>
    /// <param name="options">Whether labels are to be believed all the same.</param>
    /// <exception cref="OnnxEngineException">One is mostly taken for another (<see cref="ErrorKind.Data"/>).</exception>
    public static void RequireClasses(Evaluation evaluation, IEnumerable<int> classes, EvaluationOptions options)
    {
        if (options.ForceLabels) return;
        foreach (var c in classes)
            if (TakenFor(evaluation.Labels, evaluation.Predicted, c) is var taken && taken != c && taken >= 0)
                throw new OnnxEngineException(ErrorKind.Data,
                    $"The labels do not fit the model: it takes most items of class {c} for class {taken}. If they are mixed up, map them with DataOptions.LabelMap; if this is as it should be, set EvaluationOptions.ForceLabels.");
    }

    /// <summary>What most items of a label are taken for; the label where it is as frequent as any other, -1 without items.</summary>
    public static int TakenFor(IReadOnlyList<int> labels, IReadOnlyList<int> predicted, int label) =>
        Enumerable.Range(0, labels.Count).Where(i => labels[i] == label).CountBy(i => predicted[i])
            .OrderByDescending(c => c.Value).ThenByDescending(c => c.Key == label).Select(c => c.Key).FirstOrDefault(-1);

    /// <summary>Compares the labels of an evaluation with its predictions.</summary>
    public static LabelAgreement Of(Evaluation evaluation) => Of(evaluation.Labels, evaluation.Predicted, evaluation.Classes);

    /// <summary>Compares labels with predictions.</summary>
    /// <param name="labels">The label of each item, from 0; it may be none of the model's classes.</param>
    /// <param name="predicted">The class predicted for each.</param>
    /// <param name="classes">Number of classes that can be predicted.</param>
    public static LabelAgreement Of(IReadOnlyList<int> labels, IReadOnlyList<int> predicted, int classes)
    {
        var all = Enumerable.Range(0, labels.Count).ToArray();
        var correct = all.Count(i => labels[i] == predicted[i]);
        var guessing = Guess(labels, predicted, l => l, classes);
        var crossed = Crossed(labels, predicted);
        var mapped = crossed.Count(isMapped => isMapped);
        var (better, worse) = (all.Count(i => crossed[i] && labels[i] != predicted[i]), all.Count(i => !crossed[i] && labels[i] == predicted[i]));
        var whole = OneToOne(all, labels, predicted);
        // Of one label alone a model that does not know it looks like one that calls it otherwise; and one that says the same of
        // everything agrees with whatever label is frequent.
        var isOutdone = labels.Distinct().Skip(1).Any() && IsMore(better, better + worse, 0.5) && IsMore(mapped, labels.Count, Guess(labels, predicted, l => whole.GetValueOrDefault(l, -1), classes));
        var clear = isOutdone ? Clear(labels, predicted) : null;
        return new LabelAgreement
        {
            Items = labels.Count,
            Accuracy = (double)correct / Math.Max(1, labels.Count),
            Guessing = guessing,
            IsAboveGuessing = IsMore(correct, labels.Count, guessing),
            IsOutdone = isOutdone,
            Mapping = clear,
            MappedAccuracy = clear is null ? 0 : (double)all.Count(i => clear[labels[i]] == predicted[i]) / labels.Count,
        };
    }

    /// <summary>Whether each item is predicted as the class that goes with its label, one for one, in the other half of the items.</summary>
    internal static bool[] Crossed(IReadOnlyList<int> labels, IReadOnlyList<int> predicted)
    {
        // Every other item of each label, so that both halves hold all of them.
        Dictionary<int, int> seen = [];
        var all = Enumerable.Range(0, labels.Count).ToArray();
        var isFirst = Array.ConvertAll(all, i => (seen[labels[i]] = seen.GetValueOrDefault(labels[i]) + 1) % 2 == 1);
        var crossed = new bool[labels.Count];
        foreach (var half in (bool[])[true, false])
        {
            var other = OneToOne(all.Where(i => isFirst[i] == half), labels, predicted);
            foreach (var i in all.Where(i => isFirst[i] != half)) crossed[i] = other.GetValueOrDefault(labels[i], -1) == predicted[i];
        }
        return crossed;
    }

    /// <summary>Whether items of the first kind are more than those of the second by more than chance (sign test on the items that differ, one-sided 99 %).</summary>
    /// <param name="first">The first, item by item.</param>
    /// <param name="second">The second, on the same items; those that only one of them has are left out.</param>
    internal static bool IsBeyond(IReadOnlyList<bool> first, IReadOnlyList<bool> second)
    {
        var items = Math.Min(first.Count, second.Count);
        var (more, less) = (0, 0);
        for (var i = 0; i < items; i++)
        {
            if (first[i] && !second[i]) more++;
            if (second[i] && !first[i]) less++;
        }
        return IsMore(more, more + less, 0.5);
    }

    // P(at least so many of n by chance) <= 1 %.
    static bool IsMore(int found, int n, double chance) => found > 0 && 1 - Binomial.CDF(Math.Clamp(chance, 0, 1), n, found - 1) <= 1 - Confidence;

    // Of one label alone nothing can be told by how frequent it is.
    static double Guess(IReadOnlyList<int> labels, IReadOnlyList<int> predicted, Func<int, int> map, int classes)
    {
        var counts = labels.CountBy(map).ToDictionary();
        if (counts.Count < 2) return 1.0 / Math.Max(2, classes);
        var predictions = predicted.CountBy(p => p).ToDictionary();
        return counts.Sum(c => (double)c.Value / labels.Count * predictions.GetValueOrDefault(c.Key) / labels.Count);
    }

    // Labels and classes in pairs, the most frequent pair first.
    static Dictionary<int, int> OneToOne(IEnumerable<int> items, IReadOnlyList<int> labels, IReadOnlyList<int> predicted)
    {
        Dictionary<int, int> map = [];
        HashSet<int> taken = [];
        foreach (var ((label, @class), _) in items.CountBy(i => (labels[i], predicted[i])).OrderByDescending(c => c.Value).ThenBy(c => c.Key))
            if (!map.ContainsKey(label) && taken.Add(@class)) map[label] = @class;
        return map;
    }

    static Dictionary<int, int>? Clear(IReadOnlyList<int> labels, IReadOnlyList<int> predicted)
    {
        Dictionary<int, int> map = [];
        foreach (var label in Enumerable.Range(0, labels.Count).GroupBy(i => labels[i], i => predicted[i]))
        {
            var counts = label.CountBy(p => p).OrderByDescending(c => c.Value).Take(2).ToArray();
            if (counts[0].Value < Lead + 1 || counts is [var first, var next] && first.Value < 2 * next.Value + Lead || map.ContainsValue(counts[0].Key)) return null;
            map[label.Key] = counts[0].Key;
        }
        return map;
    }
}
