using System.Diagnostics;
using OnnxEdit.Engine.Training.Rules;

namespace OnnxEdit.Engine.Training;

/// <summary>The steps of a fine-tuning: schedule, looks at the validation images, the best so far, checkpoints.</summary>
sealed class TrainingLoop
{
    readonly TrainingSession _session;
    readonly TrainingImages _images;
    readonly TrainingGoal _goal;
    readonly UpdateRule _rule;
    readonly FinetuneOptions _options;
    readonly Func<float[][], TrainingLook> _look;
    readonly IReadOnlyDictionary<string, string> _terms;
    readonly Stopwatch _watch = new();
    TrainingState _state = new();
    double _before;

    /// <summary>Puts the parts together.</summary>
    /// <param name="goal">The model with its loss, and what is to come out.</param>
    /// <param name="images">What it is trained on.</param>
    /// <param name="look">Loss and metric of given weights on the validation items.</param>
    /// <param name="options">How.</param>
    /// <param name="terms">What checkpoints are recognised by.</param>
    public TrainingLoop(
        TrainingGoal goal, TrainingImages images, Func<float[][], TrainingLook> look, FinetuneOptions options, IReadOnlyDictionary<string, string> terms)
    {
        (_goal, _session, _images, _look, _options, _terms) = (goal, goal.Session, images, look, options, terms);
        _rule = options.Optimiser switch
        {
            FinetuneOptimiser.Adam => new Adam { StepSize = options.LargestStep, Decay = options.Decay },
            FinetuneOptimiser.Muon => new OrthogonalMomentum(_session.Weights) { StepSize = options.LargestStep, Decay = options.Decay },
            _ => new GradientDescent { StepSize = options.LargestStep, Momentum = options.Momentum, Decay = options.Decay },
        };
    }

    /// <summary>What came of it.</summary>
    public TrainingState State => _state;

    /// <summary>Images trained on per second of training steps, in this run.</summary>
    public double ImagesPerSecond { get; private set; }

    /// <summary>Trains until the budget is spent, or something else ends it.</summary>
    public FinetuneEnd Run(int batch, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        Begin();
        var (first, steps, saved) = (_state.Step, new Stopwatch(), Stopwatch.StartNew());
        var end = FinetuneEnd.Finished;
        while (Progress() < 1)
        {
            if (cancellation.IsCancellationRequested)
            {
                end = FinetuneEnd.Cancelled;
                break;
            }
            var looks = Looks();
            steps.Start();
            var isFinite = Step();
            steps.Stop();
            if (!isFinite)
            {
                end = FinetuneEnd.Diverged;
                break;
            }
            progress?.Report(_options.Time is null ? new WorkProgress("training", _state.Step, _options.Steps) : new WorkProgress("training", (int)(1000 * Math.Min(1, Progress())), 1000));
            if (Looks() > looks && Look() is { } over)
            {
                end = over;
                break;
            }
            if (_options.Checkpoint is null || saved.Elapsed < _options.CheckpointEvery) continue;
            Save();
            saved.Restart();
        }
        if (end != FinetuneEnd.Diverged) Save();
        ImagesPerSecond = (_state.Step - first) * batch / Math.Max(1e-9, steps.Elapsed.TotalSeconds);
        return end;
    }

    void Begin()
    {
        if (_options.Resume is { } checkpoint) _state = checkpoint.Restore(_terms, _session, _rule);
        else
        {
            var weights = _session.Snapshot();
            _state.Curve.Add(Point(0, double.NaN, _look(weights)));
            _state.Best = weights;
            if (_options.Averaging > 0) _state.Average = _session.Snapshot();
        }
        _before = _state.Seconds;
        _watch.Start();
    }

    // Share of the budget that is spent.
    double Progress() => _options.Time is { } time ? (_before + _watch.Elapsed.TotalSeconds) / time.TotalSeconds : (double)_state.Step / _options.Steps;

    // Looks that are due by now.
    int Looks() => (int)(Math.Min(1, Progress()) * _options.Looks);

    bool Step()
    {
        var items = _images.Fill(_state.Step, _session.Images);
        _goal.Fill(items, _images.Inputs(_session.Images));
        _rule.StepSize = _options.LargestStep * StepSchedule.Factor(Math.Min(1, Progress()), _options.WarmUp);
        var (loss, isFinite) = _session.Step(_rule, _options.GradientLimit);
        if (!isFinite) return false;
        _state.Step++;
        _state.LossSum += loss - _goal.Unavoidable;
        _state.Losses++;
        if (_state.Average is { } average) WeightAverage.Follow(average, _session.Weights, _state.Step, _options.Averaging);
        return true;
    }

    FinetuneEnd? Look()
    {
        var now = _session.Snapshot();
        // Running statistics are averages already.
        _state.Average?.CopyTo(now, 0);
        var look = _look(now);
        var (loss, best) = (look.Loss, _state.BestLoss);
        _state.Curve.Add(Point(_state.Step, _state.LossSum / _state.Losses, look));
        (_state.LossSum, _state.Losses) = (0, 0);
        if (!double.IsFinite(loss)) return FinetuneEnd.Diverged;
        if (loss < best) (_state.BestStep, _state.Best, _state.Worse) = (_state.Step, [.. now.Select(a => (float[])a.Clone())], 0);
        else if (++_state.Worse == _options.Patience) return FinetuneEnd.NoImprovement;
        return null;
    }

    static LossPoint Point(int step, double training, TrainingLook look) => new(step, training, look.Loss, look.Top1) { Metric = look.Metric };

    void Save()
    {
        if (_options.Checkpoint is null) return;
        _state.Seconds = _before + _watch.Elapsed.TotalSeconds;
        _options.Checkpoint(FinetuneCheckpoint.Of(_terms, _state, _session, _rule));
    }
}
