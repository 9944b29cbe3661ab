using System.Numerics.Tensors;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Editing;
using OnnxEdit.Engine.Editing.Editors;
using OnnxEdit.Engine.Edits;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Training;
using OnnxEdit.Engine.Training.Rules;
using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.EditableTraining;

/// <summary>
/// Trains a classifier so that a later edit by RMSProp steps disturbs it less: at every step one image is edited to a random
/// class, and what that does to a batch of others is differentiated back through the steps of the edit (Sinitsin et al.,
/// 2020, <see cref="EditableObjective"/>). The step size of the editor is trained along. What lies before the edited layers
/// stays as it is. The same seed and options give the same bytes on the same kind of machine.
/// </summary>
public sealed class EditableTrainer
{
    // Edits whose first step the first step size is taken from.
    const int FirstEdits = 16;

    // What is kept of training images at most, in numbers: 1 GiB.
    const long MostKept = 1 << 28;

    // The logarithm of the step size moves faster than weights do.
    const double ScaleRate = 10;

    readonly EditDraft _draft;
    readonly ModelData _data;
    readonly EditableOptions _options;
    readonly IProgress<WorkProgress>? _progress;
    readonly CancellationToken _cancellation;
    readonly EditScope _scope;
    readonly EditableSuffix _suffix;
    readonly ItemSet _train;
    readonly float[][] _answers;
    readonly EditableProbe _probe;
    readonly List<EditablePoint> _curve = [];

    EditableTrainer(
        EditDraft draft, EditScope scope, EditableSuffix suffix, ItemSet train, EditableProbe probe, ModelData data, EditableOptions options,
        IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        (_draft, _scope, _suffix, _train, _probe) = (draft, scope, suffix, train, probe);
        (_data, _options, _progress, _cancellation) = (data, options, progress, cancellation);
        _answers = new float[train.Count][];
    }

    /// <summary>Trains. Synchronous; writes no files. Cancelling ends it with the best model so far.</summary>
    /// <param name="model">The classifier; not changed.</param>
    /// <param name="data">Training images, validation images to choose the best state on, test images to report on.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancellation">Ends the training; what was reached is returned.</param>
    /// <exception cref="OnnxEngineException">
    /// No such layer (<see cref="ErrorKind.Usage"/>), not a float32 classifier (<see cref="ErrorKind.Model"/>), too few images or no labels
    /// where they are to be learned (<see cref="ErrorKind.Data"/>).
    /// </exception>
    /// <exception cref="OnnxSurgeryException">An operator has no gradient.</exception>
    public static EditableResult Train(
        OnnxModel model, ModelData data, EditableOptions options, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var execution = ExecutionOptions.Enter(options.Execution);
        var (train, validation) = (Usable(data.Train, "training", options), Usable(data.Validation, "validation", options));
        var draft = EditDraft.For(model, null, train);
        using var scope = EditScope.Of(draft, options.Layers, options.Evaluation.Output, options.Seed);
        using var suffix = new EditableSuffix(scope.Suffix, scope.Weights, options.Batch, !options.IsFirstOrder, options.Evaluation.Output);
        if (train.Count < suffix.Batch) throw new OnnxEngineException(ErrorKind.Data, $"There are {train.Count} training items, fewer than the {suffix.Batch} of one step; give more, or a smaller batch.");
        if (validation.Count < suffix.Batch + options.MeasuredEdits)
            throw new OnnxEngineException(ErrorKind.Data, $"There are {validation.Count} validation items, and {options.MeasuredEdits} edits are measured on at least a batch of {suffix.Batch} others; give more, or a smaller batch.");
        var drawn = Enumerable.Range(0, train.Count).ToArray();
        new Philox4x32(options.Seed, RandomStreams.TrainingOrder).Shuffle<int>(drawn);
        var images = (int)Math.Clamp(MostKept / scope.Kept(train), suffix.Batch, Math.Min(options.Images, drawn.Length));
        var read = scope.Read(train.Select(drawn[..images]), cancellation);
        var probe = new EditableProbe(suffix, scope.Read(validation.Select([.. Enumerable.Range(0, Math.Min(validation.Count, options.Validation + options.MeasuredEdits))]), cancellation), options);
        return new EditableTrainer(draft, scope, suffix, read, probe, data, options, progress, cancellation).Run();
    }

    EditableResult Run()
    {
        Answer();
        var (weights, steps, best, end) = Steps();
        _draft.Replace(_scope.Edited(_suffix.Named(weights)));
        EditableReport? report = null;
        var result = _draft.Finish(model => EditableHistory.Entry(_draft.Source, report = Report(model, steps, best, end), _options, _suffix.Batch));
        return new EditableResult(result, report!);
    }

    EditableReport Report(OnnxModel model, int steps, int best, FinetuneEnd end)
    {
        var kept = _curve.First(p => p.Step == best);
        return new EditableReport
        {
            Curve = _curve,
            Steps = steps,
            BestStep = best,
            End = end,
            Before = Measure(_draft.Source),
            After = Measure(model),
            Basis = FormattableString.Invariant(
                $"{steps} steps on {_train.Count:N0} items, an edit of '{_options.Layers}' practised in each and differentiated {(_options.IsFirstOrder ? "to first order" : "through all its steps")}; kept as it was after step {best}. Editor: rmsprop, step size {kept.EditStepSize:0.###e0}."),
        };
    }

    (float[][] Weights, int Steps, int Best, FinetuneEnd End) Steps()
    {
        var (weights, gradient, scale) = (_suffix.Initial(), _suffix.Zeros(), new float[] { (float)Math.Log(FirstStepSize()) });
        var objective = new EditableObjective(_suffix, _options);
        var (rule, scaleRule) = (new Adam { StepSize = _options.LargestStep }, new Adam { StepSize = ScaleRate * _options.LargestStep });
        var best = (Point: Look(weights, scale, 0, double.NaN), Weights: Copy(weights));
        var (sum, since, step, end) = (0.0, 0, 0, FinetuneEnd.Finished);
        var (images, targets, answers) = (new float[_suffix.Batch * _train.ItemLength], new float[_suffix.Batch * _suffix.Classes], new float[_suffix.Batch * _suffix.Classes]);
        var image = new float[_train.ItemLength];
        foreach (var indices in Batches().Take(_options.Steps))
        {
            if (_cancellation.IsCancellationRequested)
            {
                end = FinetuneEnd.Cancelled;
                break;
            }
            Load(indices, images, targets, answers);
            var random = new Philox4x32(_options.Seed, RandomStreams.PractisedEdits + (ulong)step);
            _train.Fill(random.NextInt(_train.Count), 1, image);
            var (loss, byScale) = objective.Evaluate(weights, Math.Exp(scale[0]), images, targets, answers, image, random.NextInt(_suffix.Classes), gradient);
            var norm = Math.Sqrt(gradient.Sum(g => (double)TensorPrimitives.SumOfSquares<float>(g)));
            if (!double.IsFinite(loss) || !double.IsFinite(norm) || !double.IsFinite(byScale))
            {
                end = FinetuneEnd.Diverged;
                break;
            }
            var limit = _options.GradientLimit > 0 && norm > _options.GradientLimit ? _options.GradientLimit / norm : 1;
            var slope = 0.5 * (1 + Math.Cos(Math.PI * step / _options.Steps));
            (rule.StepSize, scaleRule.StepSize) = (_options.LargestStep * slope, ScaleRate * _options.LargestStep * slope);
            rule.Begin(norm * limit);
            for (var w = 0; w < weights.Length; w++)
            {
                if (limit != 1) TensorPrimitives.Multiply(gradient[w], (float)limit, gradient[w]);
                rule.Update(w, weights[w], gradient[w]);
            }
            scaleRule.Begin(Math.Abs(byScale));
            scaleRule.Update(0, scale, [(float)byScale]);
            (sum, since) = (sum + loss, since + 1);
            step++;
            _progress?.Report(new WorkProgress("training", step, _options.Steps));
            if (step % _options.CheckEvery != 0 && step < _options.Steps) continue;
            var point = Look(weights, scale, step, sum / since);
            (sum, since) = (0, 0);
            if (point.Merit > best.Point.Merit) best = (point, Copy(weights));
        }
        return (best.Weights, step, best.Point.Step, end);
    }

    EditablePoint Look(float[][] weights, float[] scale, int step, double training)
    {
        var point = _probe.Measure(weights, Math.Exp(scale[0]), step, training);
        _curve.Add(point);
        return point;
    }

    // A step size that fits the median of some edits of the model as it is.
    double FirstStepSize()
    {
        var random = new Philox4x32(_options.Seed, RandomStreams.MeasuredEdits + 1);
        var (weights, gradient, image) = (_suffix.Initial(), _suffix.Zeros(), new float[_train.ItemLength]);
        List<double> sizes = [];
        for (var i = 0; i < FirstEdits; i++)
        {
            _train.Fill(random.NextInt(_train.Count), 1, image);
            var target = new float[_suffix.Classes];
            target[random.NextInt(_suffix.Classes)] = 1;
            var first = new FirstStep(GradientEdits.RmsProp.Steps!) { StepSize = 0 };
            var loss = _suffix.Edit(weights, image, target, gradient);
            for (var w = 0; w < gradient.Length; w++)
                if (_suffix.IsEdited[w]) first.Update(w, weights[w], gradient[w]);
            if (loss > 0 && first.Gain > 0) sizes.Add(first.Share * loss / first.Gain);
        }
        return sizes.Count == 0 ? 1e-4 : sizes.Order().ElementAt(sizes.Count / 2);
    }

    IEnumerable<int[]> Batches()
    {
        var order = Enumerable.Range(0, _train.Count).ToArray();
        for (var epoch = 1UL; ; epoch++)
        {
            new Philox4x32(_options.Seed, RandomStreams.TrainingOrder + epoch).Shuffle<int>(order);
            for (var at = 0; at + _suffix.Batch <= order.Length; at += _suffix.Batch) yield return order[at..(at + _suffix.Batch)];
        }
    }

    void Load(int[] indices, float[] images, float[] targets, float[] answers)
    {
        _train.Select(indices).Fill(0, indices.Length, images);
        Array.Clear(targets);
        for (var i = 0; i < indices.Length; i++)
        {
            _answers[indices[i]].CopyTo(answers, i * _suffix.Classes);
            if (!_options.OnLabels) _answers[indices[i]].CopyTo(targets, i * _suffix.Classes);
            else if (_train.Label(indices[i]) is var label && label < _suffix.Classes) targets[i * _suffix.Classes + label] = 1;
            else throw new OnnxEngineException(ErrorKind.Data, $"Label {label} is no class of the model, which has {_suffix.Classes}; map the labels with DataOptions.LabelMap.");
        }
    }

    // What the model says of the training images before anything is trained.
    void Answer()
    {
        var weights = _suffix.Initial();
        var images = new float[_suffix.Batch * _train.ItemLength];
        for (var first = 0; first < _answers.Length; first += _suffix.Batch)
        {
            var count = Math.Min(_suffix.Batch, _answers.Length - first);
            _train.Fill(first, count, images);
            var scores = _suffix.Scores(weights, images);
            for (var i = 0; i < count; i++) TensorPrimitives.SoftMax(scores.AsSpan(i * _suffix.Classes, _suffix.Classes), _answers[first + i] = new float[_suffix.Classes]);
        }
    }

    static ItemSet Usable(ItemSet? images, string part, EditableOptions options)
    {
        if (images is null) throw new OnnxEngineException(ErrorKind.Data, $"Editable training needs {part} items and the data has none; give other data with DataOptions.Path.");
        if (!options.OnLabels) return images;
        int[] labelled = [.. Enumerable.Range(0, images.Count).Where(i => images.Label(i) >= 0)];
        return labelled.Length > 0 ? images.Select(labelled) : throw new OnnxEngineException(ErrorKind.Data, $"The {part} items have no labels to learn.");
    }

    Evaluation? Measure(OnnxModel model) =>
        _data.Test is { IsLabelled: true } test ? Evaluator.Evaluate(model, test, _options.Evaluation, _progress, CancellationToken.None) : null;

    static float[][] Copy(float[][] weights) => [.. weights.Select(w => (float[])w.Clone())];
}
