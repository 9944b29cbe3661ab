using OnnxEdit.Engine.Attribution.Ablations;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Edits;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Components;
using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Attribution.Corrections;

/// <summary>
/// Edits a classifier by ablating the components that tell target from reference examples (COAR-Edit; Shah et al., 2024,
/// section 5). Attributions only propose: each proposal is tried on the target and on validation images, and the best is
/// taken; the rest is scored again on the edited model every few steps. Or all components are ablated in part, as far as it
/// helps (<see cref="PartialAblation"/>).
/// </summary>
public sealed class ComponentEditor
{
    /// <summary>Proposals, best on the target, that are tried on validation images too.</summary>
    const int Finalists = 6;

    /// <summary>What the log-likelihood of validation images counts beside the target's margins.</summary>
    const double ValidationWeight = 2;

    /// <summary>Ablations between two attributions.</summary>
    const int Block = 3;

    /// <summary>Steps of partial ablation between two looks at target and validation images.</summary>
    const int Look = 10;

    readonly EditDraft _draft;
    readonly ClassifierSignature _signature;
    readonly ComponentMap _components;
    readonly ComponentConstants _constants;
    readonly ItemSet _target;
    readonly ItemSet _reference;
    readonly ItemSet _validation;
    readonly ComponentEditOptions _options;
    readonly IProgress<WorkProgress>? _progress;
    readonly CancellationToken _cancellation;
    double _enough;

    ComponentEditor(
        EditDraft draft, ClassifierSignature signature, ComponentMap components, ComponentConstants constants, ItemSet target, ItemSet reference, ItemSet validation,
        ComponentEditOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        (_draft, _signature, _components, _constants) = (draft, signature, components, constants);
        (_target, _reference, _validation, _options, _progress, _cancellation) = (target, reference, validation, options, progress, cancellation);
    }

    /// <summary>Edits a model. Synchronous; writes no files.</summary>
    /// <param name="model">The classifier; not changed.</param>
    /// <param name="target">Labelled examples whose answers shall change.</param>
    /// <param name="reference">Labelled examples to compare with; for pairs in the order of the target.</param>
    /// <param name="validation">Labelled images on which answers shall stay; those of classes that shall be recognised no more do not count.</param>
    /// <param name="test">Labelled images to report on, or null.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told of the work.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <exception cref="OnnxEngineException">No ablation gains anything at the accuracy allowed (<see cref="ErrorKind.TargetNotReached"/>).</exception>
    public static ComponentEditResult Edit(
        OnnxModel model, ItemSet target, ItemSet reference, ItemSet validation, ItemSet? test, ComponentEditOptions options,
        IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var execution = ExecutionOptions.Enter(options.Execution);
        var signature = ClassifierSignature.Of(model.Proto, options.Attribution.Output);
        var evaluation = options.Evaluation with { Output = options.Attribution.Output };
        if (!evaluation.ForceLabels) LabelAgreement.Require(Evaluator.Evaluate(model, validation, evaluation, progress, cancellation), evaluation);
        var draft = EditDraft.For(model, null, validation);
        var components = ComponentSearch.Find(draft.Baseline, [signature.LogitsName], options.Attribution.Components, options.Attribution.Shortcuts, options.Attribution.Layers);
        var constants = options.Ablation == AblationKind.Mean
            ? ComponentConstants.Means(ComponentMeans.Measure(draft.Baseline, components, validation, signature.FixedBatch ?? 64, cancellation))
            : ComponentConstants.Of(draft.Baseline, components, options.Ablation);
        var others = options.Lower ? Others(validation, target) : validation;
        return new ComponentEditor(draft, signature, components, constants, target, reference, others, options, progress, cancellation).Run(test);
    }

    ComponentEditResult Run(ItemSet? test)
    {
        _enough = Math.Max(1, On(_reference, Mask([])).Average(a => a.Margin));
        var start = Measure(Mask([]));
        var (steps, masks) = _options.Partial ? Climb(start) : Choose(start);
        var allowed = start.Validation - _options.Drop / 100;
        var kept = Enumerable.Range(0, steps.Count).Where(k => k == 0 || steps[k].ValidationAccuracy >= allowed).MaxBy(k => steps[k].Gain);
        if (kept == 0)
            throw new OnnxEngineException(ErrorKind.TargetNotReached, FormattableString.Invariant($"No ablation of {(_options.Partial ? "components in part" : $"up to {_options.Most} components")} moves the target's answers at a cost of at most {_options.Drop} points on validation items; allow more with ComponentEditOptions.Drop, or give other examples."));
        var report = new ComponentEditReport
        {
            Steps = steps,
            Kept = kept,
            Lowered = _options.Lower ? [.. Enumerable.Range(0, _target.Count).Select(_target.Label).Distinct().Order()] : [],
            Left = [.. masks[kept].Select((left, j) => (_components.Name(j), left)).Where(c => c.left < 1).OrderBy(c => c.left)],
            Test = Test(test, masks[kept]),
        };
        _draft.Replace(Without(masks[kept]));
        var edited = _draft.Finish(_ => ComponentEditHistory.Entry(_draft.Source, report, _options));
        if (_options.SlimOn is not { } images) return new ComponentEditResult(edited, report);
        if (AblatedChannels.Remove(edited, _components, masks[kept], images, _options.Attribution.Output, _options.Attribution.Seed, _progress, _cancellation) is not { } slim)
            return new ComponentEditResult(edited, report);
        var after = report.Test is var (before, _) ? (before, Evaluated(slim.Model!.Proto, test!)) : report.Test;
        return new ComponentEditResult(slim.Model!, report with { Test = after, Slim = slim.Report });
    }

    // What shall be forgotten is no loss, unless it is everything.
    static ItemSet Others(ItemSet validation, ItemSet target)
    {
        var gone = Enumerable.Range(0, target.Count).Select(target.Label).ToHashSet();
        int[] others = [.. Enumerable.Range(0, validation.Count).Where(i => !gone.Contains(validation.Label(i)))];
        return others.Length > 0 ? validation.Select(others) : validation;
    }

    // Whole components, one after the other.
    (List<ComponentEditStep> Steps, List<float[]> Masks) Choose((double, double, double) start)
    {
        List<int> gone = [];
        var (steps, masks) = (new List<ComponentEditStep> { Step(null, 0, 0, start) }, new List<float[]> { Mask([]) });
        double[] scores = [];
        while (gone.Count < Math.Min(_options.Most, _components.Count - 1))
        {
            _cancellation.ThrowIfCancellationRequested();
            if (gone.Count % Block == 0) scores = Score(gone);
            int[] candidates = [.. Enumerable.Range(0, _components.Count).Where(j => !gone.Contains(j)).OrderBy(j => _options.Lower ? -scores[j] : scores[j]).Take(_options.Candidates)];
            var gains = Side(candidates, j => Wanted(On(_target, Mask([.. gone, j]))));
            int[] finalists = [.. candidates.Zip(gains).OrderByDescending(p => p.Second).Take(Finalists).Select(p => p.First)];
            var states = Side(finalists, j => Measure(Mask([.. gone, j])));
            var best = finalists.Zip(states).MaxBy(p => p.Second.Gain);
            gone.Add(best.First);
            steps.Add(Step(_components.Name(best.First), scores[best.First], gone.Count, best.Second));
            masks.Add(Mask(gone));
            _progress?.Report(new WorkProgress("ablations chosen", gone.Count, _options.Most));
        }
        return (steps, masks);
    }

    // All components at once, in part.
    (List<ComponentEditStep> Steps, List<float[]> Masks) Climb((double, double, double) start)
    {
        var (steps, masks) = (new List<ComponentEditStep> { Step(null, 0, 0, start) }, new List<float[]> { Mask([]) });
        using var ablation = new PartialAblation(_draft.Baseline, _signature, _components, _constants, _target, _validation, _options.Lower, _enough, ValidationWeight);
        for (var k = 1; k <= PartialAblation.Steps; k++)
        {
            _cancellation.ThrowIfCancellationRequested();
            ablation.Step();
            _progress?.Report(new WorkProgress("steps", k, PartialAblation.Steps));
            if (k % Look != 0) continue;
            masks.Add(ablation.Mask());
            steps.Add(Step(null, 0, masks[^1].Count(m => m < 1), Measure(masks[^1])));
        }
        return (steps, masks);
    }

    T[] Side<T>(int[] components, Func<int, T> measure)
    {
        var found = new T[components.Length];
        SessionLanes.Run(found.Length, i => found[i] = measure(components[i]), _cancellation);
        return found;
    }

    double[] Score(IReadOnlyList<int> gone)
    {
        var model = ComponentAblation.Normalised(_draft.Baseline, _components, _constants, Mask(gone));
        float[][] Scores(ItemSet images)
        {
            using var session = AttributionSession.Open(model, images, _options.Attribution, _progress, _cancellation);
            return [.. session.Attribute().Scores];
        }
        var scoring = _options.Scoring != ComponentScoring.Auto ? _options.Scoring : _reference.Count == _target.Count ? ComponentScoring.Paired : ComponentScoring.Moderated;
        return ComponentScores.Of(Scores(_target), Scores(_reference), scoring);
    }

    (double Gain, double Target, double Validation) Measure(float[] mask)
    {
        var (target, validation) = (On(_target, mask), On(_validation, mask));
        return (Wanted(target) + ValidationWeight * validation.Average(p => p.LogLikelihood), Accuracy(target), Accuracy(validation));
    }

    // Margins as a share of what the reference has; more than that is not wanted. Likelihoods would be content much earlier,
    // with examples that the network knows from its training.
    double Wanted((double Margin, double LogLikelihood)[] answers) => answers.Average(a => Math.Min(_options.Lower ? -a.Margin : a.Margin, _enough)) / _enough;

    static double Accuracy((double Margin, double LogLikelihood)[] answers) => answers.Average(a => a.Margin > 0 ? 1.0 : 0);

    (double Margin, double LogLikelihood)[] On(ItemSet images, float[] mask)
    {
        var found = new (double, double)[images.Count];
        using var session = new ClassifierSession(Without(mask), _signature.OutputName);
        session.Run(images, (first, count, logits) =>
        {
            var classes = logits.Length / count;
            for (var i = 0; i < count; i++)
            {
                var row = logits.Slice(i * classes, classes);
                found[first + i] = (Answers.Of(row, images.Label(first + i), AnswerKind.Margin), -Answers.Of(row, images.Label(first + i), AnswerKind.Loss));
            }
        }, null, _cancellation);
        return found;
    }

    float[] Mask(IEnumerable<int> gone)
    {
        var mask = new float[_components.Count];
        Array.Fill(mask, 1);
        foreach (var j in gone) mask[j] = 0;
        return mask;
    }

    ModelProto Without(float[] mask) => ComponentAblation.Apply(_draft.Baseline, _components, _constants, mask);

    (Evaluation, Evaluation)? Test(ItemSet? test, float[] mask)
    {
        if (test is null || !test.IsLabelled) return null;
        return (Evaluated(_draft.Source.Proto, test), Evaluated(Without(mask), test));
    }

    Evaluation Evaluated(ModelProto model, ItemSet test) => Evaluator.Evaluate(model, test, new EvaluationOptions { Output = _options.Attribution.Output }, null, _cancellation);

    static ComponentEditStep Step(string? name, double score, int ablated, (double Gain, double Target, double Validation) state) => new(name, score, ablated, state.Target, state.Validation, state.Gain);
}
