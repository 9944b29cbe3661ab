using System.Numerics.Tensors;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Editing;
using OnnxEdit.Engine.Edits;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Training;
using OnnxEdit.Engine.Training.Rules;
using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.EditableTraining;

/// <summary>
/// Trains a classifier so that a later edit by RMSProp steps disturbs it less: at every step one image is edited to a random
/// class, and what that does to a batch of others is differentiated back through the steps of the edit (Sinitsin et al.,
/// 2020, <see cref="EditableObjective"/>). The step size of the editor is trained along. What lies before the edited layers
/// stays as it is. The same seed and options give the same bytes on the same kind of machine.
/// </summary>
public sealed class EditableTrainer : IDisposable
{
    // Edits whose first step the first step size is taken from.
    const int FirstEdits = 16;

    // What is kept of training images at most, in numbers: 1 GiB.
    const long MostKept = 1 << 28;

    // The logarithm of the step size moves faster than weights do.
    const double ScaleRate = 10;

    readonly OnnxModel _source;
    readonly ModelData _data;
    readonly EditableOptions _options;
    readonly IProgress<WorkProgress>? _progress;
    readonly CancellationToken _cancellation;
    readonly EditScope _scope;
    readonly EditableHead _head;
    readonly ItemSet _train;
    readonly float[][] _answers;
    readonly EditableProbe _probe;
    readonly List<EditablePoint> _curve = [];

    EditableTrainer(OnnxModel source, ModelData data, EditableOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        (_source, _data, _options, _progress, _cancellation) = (source, data, options, progress, cancellation);
        _scope = EditScope.Of(source, options.Layers, options.Evaluation.Output, options.Seed);
        try
        {
            _head = new EditableHead(_scope.Head, _scope.Weights, options.Batch, !options.IsFirstOrder, options.Evaluation.Output);
            (_train, _probe) = Prepare();
            _answers = Answers();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    // The images that are practised on, and what is measured on others.
    (ItemSet Train, EditableProbe Probe) Prepare()
    {
        var (data, options, cancellation) = (_data, _options, _cancellation);
        var (train, validation) = (Usable(data.Train, "training"), Usable(data.Validation, "validation"));
        if (train.Count < _head.Batch) throw new OnnxEngineException(ErrorKind.Data, $"There are {train.Count} training images, fewer than the {_head.Batch} of one step; give more, or a smaller batch.");
        if (validation.Count < _head.Batch + options.MeasuredEdits)
            throw new OnnxEngineException(ErrorKind.Data, $"There are {validation.Count} validation images, and {options.MeasuredEdits} edits are measured on at least a batch of {_head.Batch} others; give more, or a smaller batch.");
        var drawn = Enumerable.Range(0, train.Count).ToArray();
        new Philox4x32(options.Seed, RandomStreams.TrainingOrder).Shuffle<int>(drawn);
        var images = (int)Math.Clamp(MostKept / _scope.Kept(train), _head.Batch, Math.Min(options.Images, drawn.Length));
        return (
            _scope.Read(train.Select(drawn[..images]), cancellation),
            new EditableProbe(_head, _scope.Read(validation.Select([.. Enumerable.Range(0, Math.Min(validation.Count, options.Validation + options.MeasuredEdits))]), cancellation), options));
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
        using var trainer = new EditableTrainer(model, data, options, progress, cancellation);
        return trainer.Run();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _head?.Dispose();
        _scope.Dispose();
    }

    EditableResult Run()
    {
        var (weights, steps, best, end) = Steps();
        var result = _scope.Edited(_head.Named(weights));
        EditVerification.Check(NormalisedModel.Create(_source.Proto), result.Proto);
        var kept = _curve.First(p => p.Step == best);
        var report = new EditableReport
        {
            Curve = _curve,
            Steps = steps,
            BestStep = best,
            End = end,
            Before = Measure(_source),
            After = Measure(result),
            Basis = FormattableString.Invariant(
                $"{steps} steps on {_train.Count:N0} images, an edit of '{_options.Layers}' practised in each and differentiated {(_options.IsFirstOrder ? "to first order" : "through all its steps")}; kept as it was after step {best}. Editor: rmsprop, step size {kept.EditStepSize:0.###e0}."),
        };
        ModelHistory.Append(result.Proto, EditableHistory.Entry(_source, report, _options, _head.Batch));
        return new EditableResult(result, report);
    }

    (float[][] Weights, int Steps, int Best, FinetuneEnd End) Steps()
    {
        var (weights, gradient, scale) = (_head.Initial(), _head.Zeros(), new float[] { (float)Math.Log(FirstStepSize()) });
        var objective = new EditableObjective(_head, _options);
        var (rule, scaleRule) = (new Adam { StepSize = _options.LargestStep }, new Adam { StepSize = ScaleRate * _options.LargestStep });
        var best = (Point: Look(weights, scale, 0, double.NaN), Weights: Copy(weights));
        var (sum, since, step, end) = (0.0, 0, 0, FinetuneEnd.Finished);
        var (images, targets, answers) = (new float[_head.Batch * _train.ItemLength], new float[_head.Batch * _head.Classes], new float[_head.Batch * _head.Classes]);
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
            var (loss, byScale) = objective.Evaluate(weights, Math.Exp(scale[0]), images, targets, answers, image, random.NextInt(_head.Classes), gradient);
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
        var (weights, gradient, image) = (_head.Initial(), _head.Zeros(), new float[_train.ItemLength]);
        List<double> sizes = [];
        for (var i = 0; i < FirstEdits; i++)
        {
            _train.Fill(random.NextInt(_train.Count), 1, image);
            var target = new float[_head.Classes];
            target[random.NextInt(_head.Classes)] = 1;
            var first = new FirstStep(Editor.RmsProp) { StepSize = 0 };
            var loss = _head.Edit(weights, image, target, gradient);
            for (var w = 0; w < gradient.Length; w++)
                if (_head.IsEdited[w]) first.Update(w, weights[w], gradient[w]);
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
            for (var at = 0; at + _head.Batch <= order.Length; at += _head.Batch) yield return order[at..(at + _head.Batch)];
        }
    }

    void Load(int[] indices, float[] images, float[] targets, float[] answers)
    {
        _train.Select(indices).Fill(0, indices.Length, images);
        Array.Clear(targets);
        for (var i = 0; i < indices.Length; i++)
        {
            _answers[indices[i]].CopyTo(answers, i * _head.Classes);
            if (!_options.OnLabels) _answers[indices[i]].CopyTo(targets, i * _head.Classes);
            else if (_train.Label(indices[i]) is var label && label < _head.Classes) targets[i * _head.Classes + label] = 1;
            else throw new OnnxEngineException(ErrorKind.Data, $"Label {label} is no class of the model, which has {_head.Classes}; map the labels with --labels.");
        }
    }

    // What the model says of the training images before anything is trained.
    float[][] Answers()
    {
        var (weights, rows) = (_head.Initial(), new float[_train.Count][]);
        var images = new float[_head.Batch * _train.ItemLength];
        for (var first = 0; first < rows.Length; first += _head.Batch)
        {
            var count = Math.Min(_head.Batch, rows.Length - first);
            _train.Fill(first, count, images);
            var scores = _head.Scores(weights, images);
            for (var i = 0; i < count; i++) TensorPrimitives.SoftMax(scores.AsSpan(i * _head.Classes, _head.Classes), rows[first + i] = new float[_head.Classes]);
        }
        return rows;
    }

    ItemSet Usable(ItemSet? images, string part)
    {
        if (images is null) throw new OnnxEngineException(ErrorKind.Data, $"Editable training needs {part} images and the data has none; give other data with --data.");
        if (!_options.OnLabels) return images;
        int[] labelled = [.. Enumerable.Range(0, images.Count).Where(i => images.Label(i) >= 0)];
        return labelled.Length > 0 ? images.Select(labelled) : throw new OnnxEngineException(ErrorKind.Data, $"The {part} images have no labels to learn.");
    }

    Evaluation? Measure(OnnxModel model) =>
        _data.Test is { IsLabelled: true } test ? Evaluator.Evaluate(model, test, _options.Evaluation, _progress, CancellationToken.None) : null;

    static float[][] Copy(float[][] weights) => [.. weights.Select(w => (float[])w.Clone())];
}
