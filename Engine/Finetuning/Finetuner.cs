using System.Diagnostics;
using OnnxEdit.Kernels;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine;

/// <summary>
/// Trains the weights of a classifier further, on labels or on the answers of a teacher. Normalisations keep their stored
/// statistics. The same seed and options give the same bytes on the same kind of machine.
/// </summary>
public sealed class Finetuner
{
    readonly OnnxModel _source;
    readonly ModelData _data;
    readonly FinetuneOptions _options;
    readonly IProgress<WorkProgress>? _progress;
    readonly CancellationToken _cancellation;
    readonly ClassifierSignature _signature;
    readonly NormalisedModel _model;
    readonly ImageSet _train;
    readonly ImageSet _validation;
    readonly List<LossPoint> _curve = [];

    Finetuner(OnnxModel source, ModelData data, FinetuneOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        (_source, _data, _options, _progress, _cancellation) = (source, data, options, progress, cancellation);
        _signature = ClassifierSignature.Of(source.Proto, options.Evaluation.Output);
        _model = NormalisedModel.Create(source.Proto);
        (_train, _validation) = (Usable(data.Train, "training"), Usable(data.Validation, "validation"));
        if (_train.Count < Batch) throw new OnnxEngineException(ErrorKind.Data, $"There are {_train.Count} training images, fewer than the {Batch} of one step; give more, or a smaller batch.");
        if ((options.Flip || options.Shift > 0) && (_train.ItemShape.Count != 3 || _train.ItemShape[2] <= 4))
            throw new OnnxEngineException(ErrorKind.Usage, "Images are mirrored and shifted only where they lie as channels, rows, columns; leave the augmentation away.");
    }

    /// <summary>Fine-tunes a model. Synchronous; writes no files. Cancelling ends it with the best model so far.</summary>
    /// <param name="model">The classifier; not changed.</param>
    /// <param name="data">Training images, validation images to choose the best step on, test images to report on.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancellation">Ends the training; what was reached is returned.</param>
    /// <exception cref="OnnxEngineException">
    /// Not a float32 classifier (<see cref="ErrorKind.Model"/>), no images or neither labels nor a teacher (<see cref="ErrorKind.Data"/>).
    /// </exception>
    /// <exception cref="OnnxSurgeryException">An operator of the model has no gradient.</exception>
    public static FinetuneResult Finetune(
        OnnxModel model, ModelData data, FinetuneOptions options, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default) =>
        new Finetuner(model, data, options, progress, cancellation).Run();

    int Batch => _signature.FixedBatch ?? _options.Batch;

    FinetuneResult Run()
    {
        using var session = TrainingSession.Create(_model, _signature, new TrainingSessionOptions
        {
            Batch = Batch,
            Temperature = _options.Teacher is null ? 1 : _options.Temperature,
            Weights = _options.Layers is { } layers ? TrainedLayers.Named(_model, layers) : null,
        });
        var before = Measure(_model.Proto);
        var classes = session.Targets.Length / Batch;
        using var targets = new TargetSource(_options.Teacher, classes, _options.Temperature, _options.Evaluation.Output);
        var (steps, best, end, speed) = Train(session, targets);
        EditVerification.Check(_model, _model.Proto);
        ConstantFills.Restore(_model.Proto.Graph, _model.Fills);
        var result = _source.With(_model.Proto);
        var after = Measure(result.Proto);
        var report = new FinetuneReport
        {
            Curve = _curve,
            Steps = steps,
            BestStep = best,
            End = end,
            Before = before,
            After = after,
            ImagesPerSecond = speed,
            Basis = FormattableString.Invariant(
                $"{steps} steps of {Batch} images on {(_options.Teacher is null ? "labels" : $"the teacher's answers at temperature {_options.Temperature:0.##}")}, {session.Weights.Sum(w => (long)w.Values.Length):N0} weights; kept as they were after step {best}."),
        };
        ModelHistory.Append(result.Proto, FinetuneHistory.Entry(_source, report, _options, Batch));
        return new FinetuneResult(result, report);
    }

    (int Steps, int Best, FinetuneEnd End, double Speed) Train(TrainingSession session, TargetSource targets)
    {
        UpdateRule rule = _options.UseAdam
            ? new Adam { StepSize = _options.StepSize }
            : new GradientDescent { StepSize = _options.StepSize, Momentum = _options.Momentum, Decay = _options.Decay };
        var best = (Step: 0, Loss: Look(session, targets, 0, double.NaN), Weights: session.Snapshot());
        var (sum, since, worse, step) = (0.0, 0, 0, 0);
        var end = FinetuneEnd.Finished;
        var watch = new Stopwatch();
        var batches = Batches().GetEnumerator();
        for (; step < _options.Steps; step++)
        {
            if (_cancellation.IsCancellationRequested)
            {
                end = FinetuneEnd.Cancelled;
                break;
            }
            watch.Start();
            batches.MoveNext();
            Load(session, targets, batches.Current, step);
            rule.StepSize = _options.StepSize * 0.5 * (1 + Math.Cos(Math.PI * step / _options.Steps));
            var (loss, isFinite) = session.Step(rule, _options.GradientLimit);
            watch.Stop();
            if (!isFinite)
            {
                end = FinetuneEnd.Diverged;
                break;
            }
            (sum, since) = (sum + loss, since + 1);
            _progress?.Report(new WorkProgress("training", step + 1, _options.Steps));
            if ((step + 1) % _options.CheckEvery != 0 && step + 1 < _options.Steps) continue;
            var validation = Look(session, targets, step + 1, sum / since);
            (sum, since) = (0, 0);
            if (!double.IsFinite(validation))
            {
                end = FinetuneEnd.Diverged;
                step++;
                break;
            }
            if (validation < best.Loss) (best, worse) = ((step + 1, validation, session.Snapshot()), 0);
            else if (++worse == _options.Patience)
            {
                end = FinetuneEnd.NoImprovement;
                step++;
                break;
            }
        }
        session.Restore(best.Weights);
        session.CopyTo(_model.Proto);
        return (step, best.Step, end, step * Batch / Math.Max(1e-9, watch.Elapsed.TotalSeconds));
    }

    // Images in an order drawn anew for every pass over them; what does not fill a batch waits for the next pass.
    IEnumerable<int[]> Batches()
    {
        var order = Enumerable.Range(0, _train.Count).ToArray();
        for (var epoch = 0UL; ; epoch++)
        {
            new Philox4x32(_options.Seed, RandomStreams.TrainingOrder + epoch).Shuffle<int>(order);
            for (var at = 0; at + Batch <= order.Length; at += Batch) yield return order[at..(at + Batch)];
        }
    }

    void Load(TrainingSession session, TargetSource targets, int[] indices, int step)
    {
        var images = session.Images.AsSpan();
        _train.Select(indices).Fill(0, indices.Length, images);
        if (_options.Flip || _options.Shift > 0)
        {
            var random = new Philox4x32(_options.Seed, RandomStreams.Augmentation + (ulong)step);
            for (var i = 0; i < indices.Length; i++)
                Augmentation.Apply(images.Slice(i * _train.ItemLength, _train.ItemLength), _train.ItemShape[1], _train.ItemShape[2], _options.Flip, _options.Shift, random);
        }
        targets.Fill(session.Images, Shape(indices.Length), Array.ConvertAll(indices, _train.Label), session.Targets);
    }

    // Loss on the validation images with the weights as they are.
    double Look(TrainingSession session, TargetSource targets, int step, double training)
    {
        session.CopyTo(_model.Proto);
        using var current = new ClassifierSession(_source.With(_model.Proto), _options.Evaluation.Output, Batch);
        var sum = 0.0;
        var images = new float[Batch * _validation.ItemLength];
        try
        {
            current.Run(_validation, (first, count, logits) =>
            {
                _validation.Fill(first, count, images);
                // A teacher of a fixed batch gets a whole one; what its rest holds does not matter.
                var rows = _signature.FixedBatch is null ? count : Batch;
                var wanted = new float[rows * current.Classes];
                targets.Fill(images, Shape(rows), [.. Enumerable.Range(first, count).Select(_validation.Label)], wanted);
                sum += targets.Loss(logits, wanted.AsSpan(0, logits.Length));
            }, null, CancellationToken.None);
        }
        catch (OnnxEngineException e) when (step > 0 && e.Kind == ErrorKind.Model)
        {
            // It ran before the first step, so these are scores that are no numbers any more.
            sum = double.NaN;
        }
        var loss = sum / _validation.Count;
        _curve.Add(new LossPoint(step, training, loss));
        return loss;
    }

    long[] Shape(int rows) => [rows, .. _train.ItemShape.Select(d => (long)d)];

    Evaluation? Measure(Surgery.Proto.ModelProto model) =>
        _data.Test is { IsLabelled: true } test ? Evaluator.Evaluate(_source.With(model), test, _options.Evaluation, _progress, CancellationToken.None) : null;

    ImageSet Usable(ImageSet? images, string part)
    {
        if (images is null) throw new OnnxEngineException(ErrorKind.Data, $"Fine-tuning needs {part} images and the data has none; give other data with --data.");
        int[] usable = [.. Enumerable.Range(0, images.Count).Where(i => _options.Teacher is not null || images.Label(i) >= 0)];
        if (part == "validation") usable = [.. usable.Take(_options.Validation)];
        if (usable.Length == 0)
            throw new OnnxEngineException(ErrorKind.Data, $"The {part} images have no labels to learn; give a teacher instead with --teacher.");
        return usable.Length == images.Count ? images : images.Select(usable);
    }
}
