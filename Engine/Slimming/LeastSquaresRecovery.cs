using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine;

/// <summary>
/// Re-fits the weights that are left so that the edited network reproduces the original one: front to back, inputs
/// from the already edited network, targets from the original, ridge regression on image patches. Needs no labels.
/// </summary>
sealed class LeastSquaresRecovery
{
    readonly ChannelAnalysis _analysis;
    readonly ModelProto _slim;
    readonly IReadOnlyList<bool> _removed;
    readonly PrefixRunner _original;
    readonly PrefixRunner _edited;
    readonly SlimOptions _options;
    readonly GramCollector _collector;
    GramSums[]? _firstSums;
    GramSums[]? _lastSums;

    LeastSquaresRecovery(ChannelAnalysis analysis, ModelProto slim, IReadOnlyList<bool> removed, PrefixRunner original, PrefixRunner edited, SlimOptions options)
    {
        (_analysis, _slim, _removed, _original, _edited, _options) = (analysis, slim, removed, original, edited, options);
        _collector = new GramCollector(options.Seed, options.PositionsPerImage);
    }

    /// <summary>Re-fits every unit that sees a changed input; changes <paramref name="slim"/> in place.</summary>
    public static void Apply(
        ChannelAnalysis analysis, ModelProto slim, IReadOnlyList<bool> removed, ImageSet images, SlimOptions options,
        IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        using var original = new PrefixRunner(analysis.Model.Proto, analysis.Model.Trace, images, options.Batch);
        using var edited = new PrefixRunner(slim, analysis.Model.Trace, images, options.Batch);
        new LeastSquaresRecovery(analysis, slim, removed, original, edited, options).Run(progress, cancellation);
    }

    void Run(IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        var targets = Changed(UnitTarget.All(_slim, _analysis.Model.Trace));
        for (var i = 0; i < targets.Count; i++)
        {
            progress?.Report(new WorkProgress("recovery", i, targets.Count));
            Fit(targets[i], (ulong)i, cancellation);
            if (i > 0 && IsPair(targets[i - 1], targets[i])) Refine(targets[i - 1], targets[i], (ulong)i, cancellation);
            else if (targets[i].Activation is not null) FitAware(targets[i], (ulong)i, cancellation);
            var keepInput = i + 1 < targets.Count && IsPair(targets[i], targets[i + 1]) ? targets[i].Unit.Input : null;
            string[] future = [.. targets.Skip(i + 1).SelectMany(t => new[] { t.Unit.Input, t.Tensor, t.Other!, keepInput! }).Where(n => n is not null)];
            _original.Forget(future);
            _edited.Forget(future);
        }
        progress?.Report(new WorkProgress("recovery", targets.Count, targets.Count));
    }

    // The second unit reads the first through a Relu and nothing else does.
    bool IsPair(UnitTarget first, UnitTarget second) =>
        _options.RefineSteps > 0 && first.Activation is { } relu && first.Other is null && second.Unit.Input == relu.Output[0]
        && new GraphIndex(_slim.Graph).Consumers(relu.Output[0]).Count == 1 && PairRefinement.Applies(first.Unit, second.Unit);

    void Refine(UnitTarget first, UnitTarget second, ulong stream, CancellationToken cancellation)
    {
        var (w1, b1) = first.Unit.Read();
        var dims1 = Dims(first.Unit);
        var shape = TargetShape(second.Tensor);
        var aware = second.Activation is not null;
        var target = new BatchBuffer(_edited.Batch, shape, Writer(second, shape, true));
        var original = new BatchBuffer(_edited.Batch, shape, Writer(second, shape, false));
        var refinement = new PairRefinement(first.Unit, second.Unit, Geometry(first.Unit), _firstSums![0], _edited, Dims(second.Unit),
            (at, n) => aware ? [target.Fill(at, n), original.Fill(at, n)] : [target.Fill(at, n)], aware, _collector);
        for (var step = 0; step < _options.RefineSteps; step++)
        {
            var (w2, b2) = second.Unit.Read();
            var loss = refinement.Step(w1, b1, w2, b2, dims1, 1000 + stream, cancellation);
            first.Unit.Write(w1, b1);
            _edited.Renew(second.Unit.Input, cancellation);
            if (aware) FitAware(second, stream, cancellation);
            else Fit(second, stream, cancellation);
            if (Environment.GetEnvironmentVariable("TRACE") is not null) Console.Error.WriteLine($"   {second.Unit.Output} step {step} loss {loss:g5}");
        }
    }

    void FitAware(UnitTarget target, ulong stream, CancellationToken cancellation)
    {
        var (weights, bias) = target.Unit.Read();
        var shape = TargetShape(target.Tensor);
        Solve(target, stream, new GramCollector.Current(target.Unit, weights, bias, Dims(target.Unit), Writer(target, shape, false)), cancellation);
    }

    long[] Dims(LinearUnit unit) => [.. _slim.Graph.Initializer.First(t => t.Name == unit.Node.Input[1]).Dims];

    // Units whose input differs from the original: it lost channels or comes from a unit that changed.
    List<UnitTarget> Changed(List<UnitTarget> all)
    {
        var units = all.ToDictionary(t => t.Unit.Node, t => t);
        HashSet<string> changed = [.. _analysis.Consumers.Where(c => c.Channels.Ids.Any(i => i >= 0 && _removed[i])).Select(c => c.Node.Input[c.Input])];
        List<UnitTarget> result = [];
        foreach (var node in _slim.Graph.Node)
        {
            if (!node.Input.Any(changed.Contains)) continue;
            foreach (var o in node.Output) changed.Add(o);
            if (units.TryGetValue(node, out var target)) result.Add(target);
        }
        return result;
    }

    void Fit(UnitTarget target, ulong stream, CancellationToken cancellation)
    {
        _original.Compute([target.Tensor], cancellation);
        _edited.Compute(target.Other is null ? [target.Unit.Input] : [target.Unit.Input, target.Other], cancellation);
        Solve(target, stream, null, cancellation);
    }

    void Solve(UnitTarget target, ulong stream, GramCollector.Current? current, CancellationToken cancellation)
    {
        var unit = target.Unit;
        var patches = Geometry(unit);
        var shape = TargetShape(target.Tensor);
        var sums = _collector.Collect(patches, unit.Input, _edited, shape, Writer(target, shape, true), stream, cancellation, current);
        if (current is null) (_firstSums, _lastSums) = (_lastSums, sums);
        var (weights, bias) = unit.Read();
        for (var g = 0; g < sums.Length; g++)
        {
            var (w, b) = LeastSquares.Fit(sums[g], unit.HasBias);
            PatchOrder.Put(w, weights, g, patches);
            for (var o = 0; o < b.Length; o++) bias[g * b.Length + o] = (float)b[o];
        }
        unit.Write(weights, bias);
    }

    PatchGraph Geometry(LinearUnit unit)
    {
        var weight = _slim.Graph.Initializer.First(t => t.Name == unit.Node.Input[1]);
        return new PatchGraph(unit, weight.Dims, _edited.Shape(unit.Input), TargetShape(unit.Output));
    }

    // Shape of a tensor in the edited network, batch as 1.
    long[] TargetShape(string tensor)
    {
        long[] shape = [1, .. _analysis.Model.Trace.Shape(tensor).Skip(1)];
        if (_analysis.Tensors.TryGetValue(tensor, out var channels)) shape[channels.Axis] = KeptPositions(channels).Length;
        return shape;
    }

    int[] KeptPositions(AxisChannels channels) =>
        [.. Enumerable.Range(0, channels.Ids.Length).Where(i => channels.Ids[i] < 0 || !_removed[channels.Ids[i]])];

    // Original values of the kept channels, minus the edited other operand.
    GramCollector.TargetWriter Writer(UnitTarget target, long[] shape, bool subtract)
    {
        var full = _analysis.Model.Trace.Shape(target.Tensor);
        var length = (int)shape.Aggregate(1L, (a, b) => a * b);
        var source = new float[_original.Batch * _original.RowLength(target.Tensor)];
        var other = target.Other is null ? [] : new float[_edited.Batch * length];
        var axis = _analysis.Tensors.TryGetValue(target.Tensor, out var channels) ? channels.Axis : 1;
        var kept = channels is null ? [.. Enumerable.Range(0, (int)full[axis])] : KeptPositions(channels);
        var inner = (int)full.Skip(axis + 1).Aggregate(1L, (a, b) => a * b);
        var dim = (int)full[axis];
        return (first, count, destination) =>
        {
            _original.Read(target.Tensor, first, count, source);
            var blocks = count * _original.RowLength(target.Tensor) / (dim * inner);
            for (var b = 0; b < blocks; b++)
                for (var k = 0; k < kept.Length; k++)
                    source.AsSpan((b * dim + kept[k]) * inner, inner).CopyTo(destination[((b * kept.Length + k) * inner)..]);
            if (target.Other is null || !subtract) return;
            _edited.Read(target.Other, first, count, other);
            System.Numerics.Tensors.TensorPrimitives.Subtract(destination[..(count * length)], other.AsSpan(0, count * length), destination);
        };
    }
}
