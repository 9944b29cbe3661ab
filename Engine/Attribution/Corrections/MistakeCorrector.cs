using OnnxEdit.Engine.Attribution.Ablations;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Components;
using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Attribution.Corrections;

/// <summary>
/// Corrects single mistakes, each alone, by ablating the few components that speak against the label (COAR-Edit; Shah et
/// al., 2024, section 5.1). Attributions say which components to try and what each costs other images; sets that correct
/// the example are then compared on validation images.
/// </summary>
sealed class MistakeCorrector : IDisposable
{
    /// <summary>Sets that are compared on validation images.</summary>
    const int Finalists = 6;

    readonly ComponentEditOptions _options;
    readonly ComponentMap _components;
    readonly ItemSet _mistakes;
    readonly MaskedForward _masked;
    readonly AblationRuns _validation;
    readonly double _accuracy;
    readonly IReadOnlyList<float[]> _scores;
    readonly (double[] Mean, double[] Deviation) _reference;

    MistakeCorrector(
        ComponentEditOptions options, ComponentMap components, ItemSet mistakes, MaskedForward masked, AblationRuns validation,
        double accuracy, IReadOnlyList<float[]> scores, (double[], double[]) reference)
    {
        (_options, _components, _mistakes, _masked, _validation) = (options, components, mistakes, masked, validation);
        (_accuracy, _scores, _reference) = (accuracy, scores, reference);
    }

    /// <summary>Attributes the examples.</summary>
    /// <param name="model">The classifier; not changed.</param>
    /// <param name="mistakes">Labelled examples that it gets wrong.</param>
    /// <param name="reference">Labelled examples to compare with.</param>
    /// <param name="validation">Labelled images on which answers shall stay.</param>
    /// <param name="options">How; <see cref="ComponentEditOptions.Drop"/> and the scoring are not used.</param>
    /// <param name="progress">Told of the work.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <exception cref="OnnxEngineException">Not a classifier of float32, or examples without labels.</exception>
    public static MistakeCorrector Open(
        OnnxModel model, ItemSet mistakes, ItemSet reference, ItemSet validation, ComponentEditOptions options,
        IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var execution = ExecutionOptions.Enter(options.Execution);
        var signature = ClassifierSignature.Of(model.Proto, options.Attribution.Output);
        var folded = DataShapes.Normalised(model.Proto, null, mistakes);
        IReadOnlyList<float[]> Scores(ItemSet images)
        {
            using var session = AttributionSession.Open(folded, images, options.Attribution, progress, cancellation);
            return session.Attribute().Scores;
        }
        var (scores, moments) = (Scores(mistakes), Moments(Scores(reference)));
        var components = ComponentSearch.Find(folded, [signature.LogitsName], options.Attribution.Components, options.Attribution.Shortcuts, options.Attribution.Layers);
        var constants = options.Ablation == AblationKind.Mean
            ? ComponentConstants.Means(ComponentMeans.Measure(folded, components, validation, signature.FixedBatch ?? 64, cancellation))
            : ComponentConstants.Of(folded, components, options.Ablation);
        var masked = new MaskedForward(folded, signature, components, constants, mistakes, signature.FixedBatch ?? Math.Min(options.Candidates, components.Count));
        AblationRuns? runs = null;
        try
        {
            runs = new AblationRuns(folded, signature, components, constants, validation, AnswerKind.Margin, signature.FixedBatch ?? 64);
            return new MistakeCorrector(options, components, mistakes, masked, runs, Accuracies(runs, [[]], cancellation)[0], scores, moments);
        }
        catch
        {
            masked.Dispose();
            runs?.Dispose();
            throw;
        }
    }

    /// <summary>Name of a component.</summary>
    public string Name(int component) => _components.Name(component);

    /// <summary>The graph without some components.</summary>
    public ModelProto Without(IEnumerable<int> ablated) => _validation.Without(ablated);

    /// <summary>Corrects one example, from the model as it was.</summary>
    /// <param name="example">Its number.</param>
    /// <param name="cancellation">Ends the work early.</param>
    public MistakeCorrection Correct(int example, CancellationToken cancellation = default)
    {
        using var execution = ExecutionOptions.Enter(_options.Execution);
        var (gone, label) = (new List<int>(), _mistakes.Label(example));
        var before = Margins(example, [[]])[0];
        var candidates = Candidates(example);
        var (now, best) = (before, default((int[] Set, double Margin, double Accuracy)?));
        while (now <= 0 && best is null && gone.Count < _options.Most)
        {
            cancellation.ThrowIfCancellationRequested();
            int[][] sets = [.. candidates.Where(j => !gone.Contains(j)).Select(j => (int[])[.. gone, j])];
            if (sets.Length == 0) break;
            var tried = sets.Zip(Margins(example, sets), (set, margin) => (Set: set, Margin: margin)).ToArray();
            var finalists = tried.Where(t => t.Margin > 0).OrderBy(t => t.Set.Sum(Cost)).Take(Finalists).ToArray();
            foreach (var ((set, margin), accuracy) in finalists.Zip(Accuracies(finalists.Select(f => f.Set), cancellation)))
                if (best is null || accuracy > best.Value.Accuracy) best = (set, margin, accuracy);
            var from = now;
            var next = tried.MaxBy(t => (t.Margin - from) / Cost(t.Set[^1]));
            // Nothing is left that helps.
            if (best is null && next.Margin <= now) break;
            gone.Add(next.Set[^1]);
            now = next.Margin;
        }
        return best is var (found, after, left) ? new(example, label, found, before, after, 100 * (_accuracy - left))
            : new(example, label, gone, before, now, 100 * (_accuracy - Accuracies([gone], cancellation)[0]));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _masked.Dispose();
        _validation.Dispose();
    }

    // What other images lose, never nothing: attributions of a few images may be wrong about that.
    double Cost(int component) => Math.Max(0, _reference.Mean[component]) + 0.1 * _reference.Deviation[component] + 1e-3;

    // Those that speak most against the label, compared with what they say of others.
    int[] Candidates(int example) =>
        [.. Enumerable.Range(0, _components.Count).OrderBy(j => (_scores[example][j] - _reference.Mean[j]) / (_reference.Deviation[j] + 1e-6)).Take(_options.Candidates)];

    double[] Margins(int example, int[][] sets)
    {
        var (rows, length, width) = (_masked.Batch, _mistakes.ItemLength, _components.Count);
        var margins = new double[sets.Length];
        for (var i = 0; i < rows; i++) _mistakes.Fill(example, 1, _masked.Images.AsSpan(i * length, length));
        for (var first = 0; first < sets.Length; first += rows)
        {
            var (at, count) = (first, Math.Min(rows, sets.Length - first));
            Array.Fill(_masked.Masks, 1);
            for (var i = 0; i < count; i++)
                foreach (var j in sets[at + i]) _masked.Masks[i * width + j] = 0;
            _masked.Run(logits =>
            {
                var classes = logits.Length / rows;
                for (var i = 0; i < count; i++) margins[at + i] = Answers.Of(logits.Slice(i * classes, classes), _mistakes.Label(example), AnswerKind.Margin);
            });
        }
        return margins;
    }

    double[] Accuracies(IEnumerable<IReadOnlyList<int>> sets, CancellationToken cancellation) => Accuracies(_validation, sets, cancellation);

    static double[] Accuracies(AblationRuns validation, IEnumerable<IReadOnlyList<int>> sets, CancellationToken cancellation) =>
        [.. validation.Run([.. sets.Select(set => set.Order().ToArray())], null, cancellation).Select(answers => answers.Average(a => a > 0 ? 1.0 : 0))];

    static (double[] Mean, double[] Deviation) Moments(IReadOnlyList<float[]> rows)
    {
        double[] mean = [.. Enumerable.Range(0, rows[0].Length).Select(j => rows.Average(r => (double)r[j]))];
        return (mean, [.. mean.Select((m, j) => Math.Sqrt(rows.Sum(r => (r[j] - m) * (r[j] - m)) / Math.Max(1, rows.Count - 1)))]);
    }
}
