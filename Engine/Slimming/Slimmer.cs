using OnnxEdit.Engine.Alignment;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Edits;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Tasks;
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
    /// <summary>Accuracy right after surgery only shows what recovery is for, so it is measured on a part of the test images.</summary>
    const int SurgeryImages = 1000;

    /// <summary>Multiply-accumulates of one pass over the items that outputs are compared on.</summary>
    const double ComparisonWork = 3e10;

    /// <summary>Values in one tensor of a batch at most, so that large images do not fill the memory.</summary>
    const long BatchValues = 1 << 24;

    readonly OnnxModel _source;
    readonly SlimData _data;
    readonly SlimOptions _options;
    readonly IProgress<WorkProgress>? _progress;
    readonly CancellationToken _cancellation;
    readonly NormalisedModel _model;
    readonly ChannelAnalysis _analysis;
    readonly ModelSignature _signature;
    readonly List<string> _notes = [];
    AlignmentTable? _alignment;

    Slimmer(OnnxModel source, SlimData data, SlimOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        (_source, _data, _progress, _cancellation) = (source, data, progress, cancellation);
        _signature = ModelSignature.Of(source.Proto, options.Evaluation.Output);
        var shapes = OpenInputs.Find(source.Proto, DataShapes.Complete(source.Proto, options.InputShapes, data.Calibration ?? data.HeldOut ?? data.Test));
        if (shapes.Note is { } note) _notes.Add(note);
        _model = NormalisedModel.Create(source.Proto, shapes.Shapes);
        _options = options with { InputShapes = shapes.Shapes, Batch = Batch(options.Batch), Effort = options.Effort ?? SlimEffort.For(_model, data.Calibration?.Count ?? 0) };
        _analysis = ChannelAnalysis.Of(_model, options.Plan?.Attention ?? options.Attention);
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
        OnnxModel model, SlimData data, SlimOptions options, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default) =>
        new Slimmer(model, data, options, progress, cancellation).Run();

    SlimResult Run()
    {
        if (_options.Budget.Metric == BudgetMetric.AccuracyDrop) RequireClassifier();
        RequireRemovable();
        var ranking = ChannelRanking.Of(_source, _analysis, _data, _options);
        var before = _data.Test is null || _signature.Classifier is null ? null : Accuracy(_source);
        var (plan, removed) = _options.Plan is { } given ? (Checked(given), given.Resolve(_analysis)) : MakePlan(ranking);
        var surgery = ChannelRemoval.Apply(_analysis, removed);
        var report = new SlimReport
        {
            Before = ModelCounts.Of(_model.Proto, _model.Trace.Shapes, _model.Trace.Batch) with { Bytes = ModelCounts.ByteCount(_source.Proto) },
            After = Counts(surgery),
            Groups = Slimmed(removed),
            GroupCounts = (_analysis.Groups.Count(IsFree), _analysis.Groups.Count(g => !IsFree(g))),
            AccuracyBefore = before,
            NoAccuracyBecause = _signature.NoClassifierBecause is { } why ? $"not a classifier: accuracy not measured; {why}" : null,
            InputShapes = _options.InputShapes,
            Basis = ranking.Basis,
        };
        if (_options.PlanOnly) return new SlimResult(null, plan, report with { Notes = _notes });

        EditVerification.CheckFolding(_source.Proto, _model, _options.InputShapes);
        var error = EditVerification.CheckEqual(_model, MaskInsertion.Apply(_analysis, removed), surgery);
        var afterSurgery = before is null ? null : Accuracy(_source.With(surgery), First(_data.Test!, SurgeryImages));
        var compared = before is null ? Compared() : null;
        var outputsAfterSurgery = compared is null || !CanRecover ? null : OutputDifference.Measure(_model, surgery, compared, _progress, _cancellation);
        var slim = Recover(surgery, removed, ranking);
        if (CanRecover && KeptLayers.Note(_analysis, removed) is { } kept) _notes.Add(kept);
        ConstantFills.Restore(slim.Graph, _model.Fills);
        EditVerification.Check(_model, slim);
        var result = _source.With(slim);
        report = report with
        {
            AccuracyAfterSurgery = afterSurgery,
            EquivalenceError = error,
            AccuracyAfter = before is null ? null : Accuracy(result),
            Outputs = compared is null ? null : new OutputComparison(
                compared.Count, outputsAfterSurgery, OutputDifference.Measure(_model, slim, compared, _progress, _cancellation)),
            Basis = $"{ranking.Basis} {RecoveryBasis()}",
            Notes = _notes,
        };
        ModelHistory.Append(slim, SlimHistory.Entry(plan, report, _options, _data));
        return new SlimResult(result, plan, report with { After = report.After with { Bytes = ModelCounts.ByteCount(slim) } });
    }

    (SlimPlan Plan, bool[] Removed) MakePlan(ChannelRanking ranking)
    {
        var curves = ranking.Curves(_progress, _cancellation);
        var allocation = new Allocation(_analysis, curves, Alignment);
        var search = new BudgetSearch(allocation, _analysis, _source, _options, _progress, _cancellation);
        var removed = _options.Budget.Metric == BudgetMetric.AccuracyDrop ? search.ByAccuracy(ValidationDrop) : search.Run();
        if (!removed.Contains(true))
            throw new OnnxEngineException(ErrorKind.TargetNotReached,
                $"No channel can be removed within the target ({_options.Budget}); ask for less, or use --align 1 for finer steps.");
        return (new SlimPlan
        {
            SourceSha256 = _source.Sha256,
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
            var images = _data.Validation ?? throw new OnnxEngineException(ErrorKind.Data,
                "--max-drop needs labelled validation images; give --data with training images and labels.");
            var slim = Recover(ChannelRemoval.Apply(_analysis, candidate), candidate, ranking);
            return 100 * (Accuracy(_source, images).Top1 - Accuracy(_source.With(slim), images).Top1);
        }
    }

    bool CanRecover => _options.Recovery != RecoveryKind.None
        && (_data.Calibration is not null || (_data.Moments is not null && _options.Recovery == RecoveryKind.LeastSquares));

    // Held-out items, as many as keep the work small.
    ItemSet? Compared()
    {
        var macs = Math.Max(1, ModelCounts.Of(_model.Proto, _model.Trace.Shapes, _model.Trace.Batch).Macs);
        return _data.HeldOut is { Count: > 0 } items ? First(items, (int)Math.Clamp(ComparisonWork / macs, 4, 200)) : null;
    }

    int Batch(int wanted)
    {
        var largest = _model.Trace.Shapes.Where(s => _model.Index.Initializer(s.Key) is null)
            .Select(s => s.Value.Aggregate(1L, (a, b) => a * b) / _model.Trace.Batch).DefaultIfEmpty(1).Max();
        return (int)Math.Clamp(BatchValues / Math.Max(1, largest), 1, wanted);
    }

    void RequireClassifier()
    {
        if (_signature.NoClassifierBecause is { } why) throw ClassifierSignature.Unsuitable(why);
    }

    ModelProto Recover(ModelProto slim, bool[] removed, ChannelRanking ranking)
    {
        if (_options.Recovery == RecoveryKind.None) return slim;
        if (_data.Calibration is { } images)
        {
            using var context = new RecoveryContext(_analysis, slim, removed, images, _options.Batch);
            if (_options.Recovery == RecoveryKind.BatchNorm) AffineRecovery.Apply(context, _progress, _cancellation);
            else LeastSquaresRecovery.Apply(context, _options, _progress, _cancellation);
        }
        else if (_data.Moments is not null && _options.Recovery == RecoveryKind.LeastSquares)
            StatisticsRecovery.Apply(_analysis, slim, removed, ranking.Grams);
        return slim;
    }

    string RecoveryBasis() => (_options.Recovery, _data) switch
    {
        (RecoveryKind.None, _) => "No recovery.",
        (_, { Calibration: { } images }) => $"Recovery: {(_options.Recovery == RecoveryKind.BatchNorm ? "channel statistics" : "least squares")} on {images.Count:N0} images, no labels.",
        (RecoveryKind.LeastSquares, { Moments: not null }) => "Recovery: one-shot least squares from the statistics file.",
        _ => "No recovery, since there is no calibration data.",
    };

    SlimPlan Checked(SlimPlan plan)
    {
        if (plan.SourceSha256 != _source.Sha256)
            _notes.Add($"The plan was made for another file (SHA-256 {plan.SourceSha256[..12]}), but its channels fit this one.");
        return plan with { SourceSha256 = _source.Sha256 };
    }

    void RequireRemovable()
    {
        if (_analysis.Groups.Any(IsFree)) return;
        var why = Enumerable.Range(0, _analysis.CellCount).Select(_analysis.LockOf).OfType<ChannelLock>().GroupBy(l => l).MaxBy(g => g.Count())?.Key;
        throw new OnnxEngineException(ErrorKind.TargetNotReached, why is null
            ? $"No channel can be removed: the model has no convolution or matrix product with constant weights{Inside()}."
            : $"No channel can be removed; most are locked by {why}. 'onnxedit explain' lists them all.");
    }

    // Sub-graphs are not looked into.
    string Inside() => _model.Proto.Graph.Node.FirstOrDefault(n => n.Attribute.Any(a => a.G is not null || a.Graphs.Count > 0)) is { } node
        ? $" outside the sub-graphs of {node.OpType} '{(node.Name.Length > 0 ? node.Name : node.Output[0])}', which stay as they are" : "";

    bool IsFree(ChannelGroup group) => group.Cells.Any(c => _analysis.LockOf(c) is null);

    // Multiple that a group's channel count is held to: as asked for, or what is fast on this machine.
    int Alignment(ChannelGroup group)
    {
        if (_options.Align is { } given) return given;
        _alignment ??= AlignmentTable.Load(OrtRuntime.Threads, _cancellation);
        var nodes = group.Producers.Concat(group.Consumers).ToArray();
        return _alignment.MultipleFor(nodes.Any(IsDepthwise), nodes.All(n => n.OpType is "Gemm" or "MatMul"));
    }

    bool IsDepthwise(NodeProto node) => node.OpType == "Conv" && node.Int("group", 1) > 1 && _model.Trace.Shape(node.Input[1])[1] == 1;

    ModelCounts Counts(ModelProto model)
    {
        var trace = ShapeTrace.Run(model, _options.InputShapes);
        return ModelCounts.Of(model, trace.Shapes, trace.Batch);
    }

    static ItemSet First(ItemSet images, int count) => images.Count <= count ? images : images.Select([.. Enumerable.Range(0, count)]);

    Evaluation Accuracy(OnnxModel model) => Accuracy(model, _data.Test!);

    Evaluation Accuracy(OnnxModel model, ItemSet images) => Evaluator.Evaluate(model, images, _options.Evaluation, _progress, _cancellation);

    List<SlimmedGroup> Slimmed(bool[] removed) =>
        [.. _analysis.Groups.Where(g => g.Cells.Any(c => removed[c])).Select(g => new SlimmedGroup(g.Name, g.Cells.Count, g.Cells.Count(c => !removed[c])))];
}
