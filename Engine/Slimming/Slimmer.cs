using OnnxEdit.Engine.Alignment;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Edits;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Slimming.Metrics;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;

namespace OnnxEdit.Engine.Slimming;

/// <summary>
/// Makes a model smaller: ranks channels, removes the least useful physically, and re-fits what is left.
/// Normalise, find channel groups, measure, plan, remove, recover, verify.
/// </summary>
public sealed class Slimmer
{
    /// <summary>What a model is worth right after surgery only shows what recovery is for, so it is measured on a part of the test items; what is no mean over items, on all.</summary>
    const int SurgeryItems = 1000;

    /// <summary>Multiply-accumulates of one pass over the items that outputs are compared on.</summary>
    const double ComparisonWork = 3e10;

    /// <summary>Values in one tensor of a batch at most, so that large images do not fill the memory.</summary>
    const long BatchValues = 1 << 24;

    /// <summary>Widths that a group can be cut to, at least, where the multiple is chosen here.</summary>
    const int Steps = 4;

    readonly EditDraft _draft;
    readonly ChannelAnalysis _analysis;
    readonly SlimData _data;
    readonly SlimOptions _options;
    readonly IProgress<WorkProgress>? _progress;
    readonly CancellationToken _cancellation;
    readonly List<string> _notes;
    readonly SlimMeter _meter;
    AlignmentTable? _alignment;
    (bool[] Removed, ModelProto Graph, int Refitted)? _recovered;
    int _refitted;

    Slimmer(EditDraft draft, ChannelAnalysis analysis, SlimData data, SlimOptions options, List<string> notes, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        (_draft, _analysis, _data, _options, _notes) = (draft, analysis, data, options, notes);
        (_progress, _cancellation) = (progress, cancellation);
        _meter = new SlimMeter(draft.Source, options.Evaluation, progress, cancellation);
    }

    /// <summary>Slims a model. Synchronous; writes no files.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="data">What to learn from and to measure on.</param>
    /// <param name="options">Budget, ranking, recovery.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <exception cref="OnnxEngineException">The target cannot be reached, the data does not fit, or verification fails.</exception>
    /// <exception cref="OnnxSurgeryException">The model cannot be analysed.</exception>
    public static SlimResult Slim(
        OnnxModel model, SlimData data, SlimOptions options, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var execution = ExecutionOptions.Enter(options.Execution);
        _ = TaskSubject.Of(model.Proto, options.Evaluation).Named;
        var items = data.Calibration ?? data.HeldOut ?? data.Test;
        var draft = EditDraft.For(model, options.InputShapes, items);
        options = options with
        {
            InputShapes = draft.Sizes,
            Batch = Batch(draft.Baseline, options.Batch),
            Effort = options.Effort ?? SlimEffort.For(draft.Baseline, data.Calibration?.Count ?? 0),
        };
        var analysis = ChannelAnalysis.Of(draft.Baseline, options.Plan?.Attention ?? options.Attention);
        return new Slimmer(draft, analysis, data, options, draft.SizesNote is { } note ? [note] : [], progress, cancellation).Run();
    }

    SlimResult Run()
    {
        RequireRemovable();
        var ranking = ChannelRanking.Of(Source, _analysis, _data, _options);
        var before = _meter.IsLabelled(_data.Test) ? _meter.Measure(Source.Proto, _data.Test!) : null;
        if (before?.Classification is { } accuracy && LabelAgreement.Of(accuracy).Doubt(_options.Evaluation.LabelMap) is { } doubt) _notes.Add($"Accuracies mean little here: {doubt}.");
        if (CanRecover && !_data.IsRandom && _data.Calibration is { Count: > 0 } calibration && _meter.Task(calibration).Name == "classification"
            && CalibrationCoverage.Note(Source, _options.Evaluation.Output, calibration, _progress, _cancellation) is { } few)
            _notes.Add(few);
        var (plan, removed) = _options.Plan is { } given ? (Checked(given), given.Resolve(_analysis)) : MakePlan(ranking);
        var surgery = ChannelRemoval.Apply(_analysis, removed);
        var report = new SlimReport
        {
            Before = ModelCounts.Of(Baseline.Proto, Baseline.Trace.Sizes) with { Bytes = ModelCounts.ByteCount(Source.Proto) },
            After = Counts(surgery),
            Groups = Slimmed(removed),
            GroupCounts = (_analysis.Groups.Count(IsFree), _analysis.Groups.Count(g => !IsFree(g))),
            MeasuredBefore = before,
            InputShapes = _options.InputShapes,
            IsOnRandomItems = _data.IsRandom,
            Basis = ranking.Basis,
        };
        if (_options.PlanOnly) return new SlimResult(null, plan, report with { Notes = _notes });

        _draft.CheckFolding();
        _draft.Replace(surgery);
        var error = _draft.MustEqual(MaskInsertion.Apply(_analysis, removed));
        var afterSurgery = before is null ? null : _meter.Measure(surgery, before.Classification is null ? _data.Test! : First(_data.Test!, SurgeryItems));
        var compared = before is null ? Compared() : null;
        var agreedAfterSurgery = compared is null || !CanRecover ? null : _meter.AgreeIfAny(surgery, compared);
        var outputsAfterSurgery = compared is null || !CanRecover ? null : OutputDifference.Measure(Baseline, surgery, compared, _progress, _cancellation);
        _draft.Replace(Recovered(surgery, removed, ranking));
        if (CanRecover && KeptLayers.Note(_analysis, removed) is { } kept) _notes.Add(kept);
        var result = _draft.Finish(slim =>
        {
            report = report with
            {
                MeasuredAfterSurgery = afterSurgery,
                AgreementAfterSurgery = agreedAfterSurgery,
                EquivalenceError = error,
                MeasuredAfter = before is null ? null : _meter.Measure(slim.Proto, _data.Test!),
                Agreement = compared is null ? null : _meter.AgreeIfAny(slim.Proto, compared),
                Outputs = compared is null ? null : new OutputComparison(
                    compared.Count, outputsAfterSurgery, OutputDifference.Measure(Baseline, slim.Proto, compared, _progress, _cancellation)),
                Basis = $"{ranking.Basis} {RecoveryBasis()}",
                Notes = _notes,
            };
            if (_meter.Note is { } unmeasured) _notes.Add(unmeasured);
            if (_refitted > 0 && RecoveryEffect.Note(report, _data.Calibration?.Count) is { } worse) _notes.Add(worse);
            return SlimHistory.Entry(plan, report, _options, _data);
        });
        if (_draft.Note is { } note) _notes.Add(note);
        return new SlimResult(result, plan, report with { After = report.After with { Bytes = ModelCounts.ByteCount(result.Proto) } });
    }

    OnnxModel Source => _draft.Source;

    NormalisedModel Baseline => _draft.Baseline;

    (SlimPlan Plan, bool[] Removed) MakePlan(ChannelRanking ranking)
    {
        var curves = ranking.Curves(_progress, _cancellation);
        var allocation = new Allocation(_analysis, curves, Alignment, mayRefine: _options.Align is null);
        var removed = new BudgetSearch(allocation, _analysis, Source.Proto, _options, ValidationDrop, _progress, _cancellation, _notes.Add).Run();
        if (!removed.Contains(true))
            throw new OnnxEngineException(ErrorKind.TargetNotReached,
                $"No channel can be removed within the target ({_options.Budget}); ask for {(_options.Align is > 1 ? "less, or use SlimOptions.Align = 1 for finer steps" : "a looser target")}.");
        return (new SlimPlan
        {
            SourceSha256 = Source.Sha256,
            Score = ranking.Score,
            Statistics = ranking.Statistics,
            Budget = _options.Budget.ToString(),
            Align = _analysis.Groups.Where(IsFree).Max(Alignment),
            Seed = _options.Seed,
            Attention = _analysis.HeadCut,
            Removed = SlimPlan.Describe(_analysis, removed),
        }, removed);

        double ValidationDrop(bool[] candidate)
        {
            var items = _data.Validation ?? throw new OnnxEngineException(ErrorKind.Data,
                "SlimBudget.MaxDrop needs validation items, with labels or, for how far answers agree, without; give SlimData.Validation with training items.");
            var slim = Recover(ChannelRemoval.Apply(_analysis, candidate), candidate, ranking);
            var drop = _meter.Drop(slim, items);
            if (drop <= _options.Budget.Value) _recovered = (candidate, slim, _refitted);
            return drop;
        }
    }

    // The winner of a search was recovered to be judged.
    ModelProto Recovered(ModelProto surgery, bool[] removed, ChannelRanking ranking)
    {
        if (_recovered is not { } winner || !winner.Removed.AsSpan().SequenceEqual(removed)) return Recover(surgery, removed, ranking);
        _refitted = winner.Refitted;
        return winner.Graph;
    }

    bool CanRecover => _options.Recovery != RecoveryKind.None
        && (_data.Calibration is not null || (_data.Moments is not null && _options.Recovery == RecoveryKind.LeastSquares));

    // Held-out items, as many as keep the work small.
    ItemSet? Compared()
    {
        var macs = Math.Max(1, ModelCounts.Of(Baseline.Proto, Baseline.Trace.Sizes).Macs);
        return _data.HeldOut is { Count: > 0 } items ? First(items, (int)Math.Clamp(ComparisonWork / macs, 4, 200)) : null;
    }

    static int Batch(NormalisedModel model, int wanted)
    {
        var largest = model.Trace.Shapes.Where(s => model.Index.Initializer(s.Key) is null)
            .Select(s => s.Value.Aggregate(1L, (a, b) => a * b) / model.Trace.Batch).DefaultIfEmpty(1).Max();
        return (int)Math.Clamp(BatchValues / Math.Max(1, largest), 1, wanted);
    }

    ModelProto Recover(ModelProto slim, bool[] removed, ChannelRanking ranking)
    {
        if (_options.Recovery == RecoveryKind.None) return slim;
        if (_data.Calibration is { } images)
        {
            using var context = new RecoveryContext(_analysis, slim, removed, images, _options.Batch);
            _refitted = _options.Recovery == RecoveryKind.BatchNorm
                ? AffineRecovery.Apply(context, _progress, _cancellation) : LeastSquaresRecovery.Apply(context, _options, _progress, _cancellation);
        }
        else if (_data.Moments is not null && _options.Recovery == RecoveryKind.LeastSquares)
            _refitted = StatisticsRecovery.Apply(_analysis, slim, removed, ranking.Grams);
        return slim;
    }

    string RecoveryBasis() => (_options.Recovery, _data) switch
    {
        (RecoveryKind.None, _) => "No recovery.",
        _ when CanRecover && _refitted == 0 => "No recovery, since no layer that can be re-fitted reads what changed.",
        (_, { Calibration: { } images }) => FormattableString.Invariant($"Recovery: {(_options.Recovery == RecoveryKind.BatchNorm ? "channel statistics" : "least squares")} on {images.Count:N0} items, no labels."),
        (RecoveryKind.LeastSquares, { Moments: not null }) => "Recovery: one-shot least squares from the statistics file.",
        _ => "No recovery, since there is no calibration data.",
    };

    SlimPlan Checked(SlimPlan plan)
    {
        if (plan.SourceSha256 != Source.Sha256)
            _notes.Add($"The plan was made for another file (SHA-256 {plan.SourceSha256[..12]}), but its channels fit this one.");
        return plan with { SourceSha256 = Source.Sha256 };
    }

    void RequireRemovable()
    {
        if (_analysis.Groups.Any(IsFree)) return;
        // A head is one cell and holds as much as many channels.
        var cost = new RemovalCost(_analysis);
        var why = Enumerable.Range(0, _analysis.CellCount).Where(c => _analysis.LockOf(c) is not null)
            .GroupBy(c => _analysis.LockOf(c)!).MaxBy(g => g.Sum(c => cost.Gain([c]).Parameters))?.Key;
        throw new OnnxEngineException(ErrorKind.TargetNotReached, why is null
            ? $"No channel can be removed: {NoChannels.Because(_analysis)}."
            : $"No channel can be removed; most are locked by {why}. docs/channels.md lists them all.");
    }

    bool IsFree(ChannelGroup group) => group.Cells.Any(c => _analysis.LockOf(c) is null);

    // Multiple that a group's channel count is held to: as asked for, or what is fast on this machine, unless the group is so
    // narrow that hardly a choice would be left.
    int Alignment(ChannelGroup group)
    {
        if (_options.Align is { } given) return given;
        _alignment ??= AlignmentTable.Load(_cancellation);
        var nodes = group.Producers.Concat(group.Consumers).ToArray();
        var multiple = _alignment.MultipleFor(nodes.Any(IsDepthwise), nodes.All(n => n.OpType is "Gemm" or "MatMul"));
        while (multiple > 1 && Steps * multiple > group.Cells.Count) multiple /= 2;
        return multiple;
    }

    bool IsDepthwise(NodeProto node) => node.OpType == "Conv" && node.Int("group", 1) > 1 && Baseline.Trace.Shape(node.Input[1])[1] == 1;

    ModelCounts Counts(ModelProto model)
    {
        var trace = ShapeTrace.Run(model, _options.InputShapes, Baseline.Trace.Fed);
        return ModelCounts.Of(model, trace.Sizes);
    }

    static ItemSet First(ItemSet images, int count) => images.Count <= count ? images : images.Select([.. Enumerable.Range(0, count)]);

    List<SlimmedGroup> Slimmed(bool[] removed) =>
        [.. _analysis.Groups.Where(g => g.Cells.Any(c => removed[c])).Select(g => new SlimmedGroup(g.Name, g.Cells.Count, g.Cells.Count(c => !removed[c])))];
}
