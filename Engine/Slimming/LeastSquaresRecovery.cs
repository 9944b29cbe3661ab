using OnnxEdit.Engine.Linear;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Refit.Columns;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Slimming;

/// <summary>
/// Re-fits the weights that are left so that the edited network reproduces the original one: front to back, inputs
/// from the already edited network, targets from the original, ridge regression on image patches, with Gauss-Newton
/// steps on the first convolution of each block (<see cref="PairRefinement"/>). Needs no labels.
/// </summary>
sealed class LeastSquaresRecovery
{
    readonly RecoveryContext _context;
    readonly SlimOptions _options;
    readonly GramCollector _collector;
    readonly GraphIndex _index;
    readonly Dictionary<string, float[,]> _before = [];
    readonly Dictionary<(string Unit, int Group), double> _ridges = [];
    GramSums[]? _previous;
    GramSums[]? _last;

    LeastSquaresRecovery(RecoveryContext context, SlimOptions options)
    {
        (_context, _options) = (context, options);
        _collector = new GramCollector(options.Seed, options.Effort!.PositionsPerImage);
        _index = new GraphIndex(context.Slim.Graph);
    }

    /// <summary>Re-fits every unit that sees a changed input.</summary>
    /// <returns>How many there are.</returns>
    public static int Apply(RecoveryContext context, SlimOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation) =>
        new LeastSquaresRecovery(context, options).Run(progress, cancellation);

    int Run(IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        var targets = WithFirsts(_context.Changed());
        for (var i = 0; i < targets.Count; i++)
        {
            progress?.Report(new WorkProgress("recovery", i, targets.Count));
            // The input of the first unit of a pair is needed once more, to refine it.
            var first = i > 0 && IsPair(targets[i - 1], targets[i]) ? targets[i - 1] : null;
            string[] future = [.. targets.Skip(i).Prepend(first).OfType<UnitTarget>().SelectMany(Needed)];
            _context.Original.Forget(future);
            _context.Edited.Forget(future);
            // The second unit of a pair is fitted again after the refinement; until then a part of the images will do.
            Fit(targets[i], (ulong)i, first is null ? int.MaxValue : _options.Effort!.RefineImages, cancellation);
            if (first is not null) Refine(first, targets[i], (ulong)i, cancellation);
            else if (targets[i].Activation is not null && !(i + 1 < targets.Count && IsPair(targets[i], targets[i + 1])))
                Solve(targets[i], (ulong)i, Aware(targets[i]), cancellation, _last);
        }
        progress?.Report(new WorkProgress("recovery", targets.Count, targets.Count));
        return targets.Count;
    }

    // Where a unit lost inputs, the unit that made them can be refined even if what it reads itself is as it was.
    List<UnitTarget> WithFirsts(List<UnitTarget> changed)
    {
        var all = UnitTarget.All(_context.Slim, _context.Trace);
        List<UnitTarget> result = [];
        foreach (var target in changed)
        {
            if (!changed.Exists(c => IsPair(c, target)) && all.Find(f => IsPair(f, target)) is { } first && !first.Unit.IsBinary()) result.Add(first);
            result.Add(target);
        }
        return result;
    }

    static IEnumerable<string> Needed(UnitTarget target) =>
        target.Other is { } other ? [target.Unit.Input, target.Tensor, other] : [target.Unit.Input, target.Tensor];

    // The second unit reads the first through a Relu and nothing else does. Padding has no place in the steps of a pair, nor has a
    // first unit without Gram sums.
    bool IsPair(UnitTarget first, UnitTarget second) =>
        _options.Effort!.RefineSteps > 0 && first.Activation is { } relu && first.Other is null && second.Unit.Input == relu.Output[0]
        && _index.Consumers(relu.Output[0]).Count == 1 && _context.Edited.Padding?.Covers(_context.TargetShape(first.Tensor)) != true && PairRefinement.Applies(first.Unit, second.Unit)
        && !IsWide(first.Unit);

    bool IsWide(LinearUnit unit) => _collector.IsWide(_context.OriginalGeometry(unit), _context.Edited.Count);

    void Refine(UnitTarget first, UnitTarget second, ulong stream, CancellationToken cancellation)
    {
        var (w1, b1) = first.Unit.Read();
        var dims = _context.Dims(first.Unit);
        var shape = _context.TargetShape(second.Tensor);
        var aware = second.Activation is not null;
        var target = new BatchBuffer(_context.Edited.Batch, shape, _context.Writer(second.Tensor, second.Other, shape));
        var original = new BatchBuffer(_context.Edited.Batch, shape, _context.Writer(second.Tensor, null, shape));
        var refinement = new PairRefinement(first.Unit, second.Unit, _context.Geometry(first.Unit), _previous![0], _context.Edited,
            _context.Dims(second.Unit), (at, n) => aware ? [target.Fill(at, n), original.Fill(at, n)] : [target.Fill(at, n)], aware, _collector, _options.Effort!.RefineImages);
        var (w2, b2) = second.Unit.Read();
        for (var step = 0; step < _options.Effort!.RefineSteps; step++) refinement.Step(w1, b1, w2, b2, dims, 1000 + stream, cancellation);
        first.Unit.Write(w1, b1);
        _context.Edited.Renew(second.Unit.Input, cancellation);
        Solve(second, stream, aware ? Aware(second) : null, cancellation);
    }

    void Fit(UnitTarget target, ulong stream, int images, CancellationToken cancellation)
    {
        _context.Original.Compute([target.Tensor], cancellation);
        _context.Edited.Compute(target.Other is null ? [target.Unit.Input] : [target.Unit.Input, target.Other], cancellation);
        _previous = _last;
        Solve(target, stream, null, cancellation, images: images);
    }

    GramCollector.Current Aware(UnitTarget target)
    {
        var (weights, bias) = target.Unit.Read();
        return new(target.Unit, weights, bias, _context.Dims(target.Unit), _context.Writer(target.Tensor, null, _context.TargetShape(target.Tensor)));
    }

    void Solve(UnitTarget target, ulong stream, GramCollector.Current? current, CancellationToken cancellation, GramSums[]? known = null, int images = int.MaxValue)
    {
        var unit = target.Unit;
        var patches = _context.Geometry(unit);
        var shape = _context.TargetShape(target.Tensor);
        var writer = _context.Heads.Writer(unit.Output, cancellation) ?? _context.Writer(target.Tensor, target.Other, shape);
        var (weights, bias) = unit.Read();
        if (!_before.TryGetValue(unit.Output, out var before)) _before[unit.Output] = before = (float[,])weights.Clone();
        if (IsWide(unit))
        {
            var columns = _collector.CollectColumns(patches, unit.Input, _context.Edited, shape, writer, stream, cancellation, current, images);
            for (var g = 0; g < columns.Length; g++)
            {
                columns[g].Centre(unit.HasBias);
                _ridges[(unit.Output, g)] = ColumnFit.Apply(columns[g], unit.HasBias, before, weights, bias, g, patches, Known(g));
            }
            unit.Write(weights, bias);
            HeapRoom.Make();
            return;
        }
        var sums = _collector.Collect(patches, unit.Input, _context.Edited, shape, writer, stream, cancellation, current, known, images);
        _last = sums;
        for (var g = 0; g < sums.Length; g++)
        {
            var held = sums[g].Half is null ? null : PatchOrder.Get(before, g, patches);
            var ridge = held is null ? LeastSquares.Ridge : _ridges[(unit.Output, g)] = Known(g) ?? LeastSquares.BestRidge(sums[g], unit.HasBias, held);
            var (w, b) = LeastSquares.Fit(sums[g], unit.HasBias, held, ridge);
            PatchOrder.Put(w, weights, g, patches);
            for (var o = 0; o < b.Length; o++) bias[g * b.Length + o] = (float)b[o];
        }
        unit.Write(weights, bias);

        // A second fit, whose targets alone differ, keeps the ridge of the first: choosing it costs several times what the fit does.
        double? Known(int group) => current is not null && _ridges.TryGetValue((unit.Output, group), out var ridge) ? ridge : null;
    }
}
