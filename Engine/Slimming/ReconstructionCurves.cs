using OnnxEdit.Surgery;

namespace OnnxEdit.Engine;

/// <summary>
/// Elimination curves of every channel group: which cell to remove next and what that costs in reconstruction error
/// of the units that read it, measured on the original network. Errors are relative to the variance of the tensor
/// the unit feeds (the residual sum, where there is one) and added over consumers.
/// </summary>
sealed class ReconstructionCurves
{
    /// <summary>Gram sums of each group of a consumer, with the tensor it feeds as target; null when there are none.</summary>
    public delegate GramSums[]? GramSource(ConsumerSlice slice, UnitTarget target, int number);

    readonly ChannelAnalysis _analysis;
    readonly GramSource _grams;

    ReconstructionCurves(ChannelAnalysis analysis, GramSource grams) => (_analysis, _grams) = (analysis, grams);

    /// <summary>Measures the curves; groups without a removable cell get none.</summary>
    /// <param name="analysis">The analysis.</param>
    /// <param name="grams">Asked once per consumer, in graph order.</param>
    /// <param name="progress">Told of each consumer.</param>
    /// <param name="cancellation">Stops between consumers.</param>
    public static Dictionary<ChannelGroup, GroupCurve> Measure(
        ChannelAnalysis analysis, GramSource grams, IProgress<WorkProgress>? progress, CancellationToken cancellation) =>
        new ReconstructionCurves(analysis, grams).Run(progress, cancellation);

    sealed record Reader(ObsElimination Elimination, int[] Cells, int Channels);

    Dictionary<ChannelGroup, GroupCurve> Run(IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        var free = _analysis.Groups.Where(g => g.Cells.Any(c => _analysis.LockOf(c) is null)).ToList();
        var pending = free.ToDictionary(g => g, g => g.Consumers.ToHashSet());
        var readers = free.ToDictionary(g => g, _ => new List<Reader>());
        var targets = UnitTarget.All(_analysis.Model.Proto, _analysis.Model.Trace).ToDictionary(t => t.Unit.Node);
        var consumers = _analysis.Consumers.Where(c => free.Any(g => g.Consumers.Contains(c.Node))).ToList();
        Dictionary<ChannelGroup, GroupCurve> curves = [];
        for (var i = 0; i < consumers.Count; i++)
        {
            progress?.Report(new WorkProgress("statistics", i, consumers.Count));
            var slice = consumers[i];
            if (targets.TryGetValue(slice.Node, out var target))
            {
                var found = Read(slice, target, i);
                foreach (var g in free.Where(g => g.Consumers.Contains(slice.Node))) readers[g].AddRange(found);
            }
            foreach (var g in free.Where(g => pending[g].Remove(slice.Node) && pending[g].Count == 0))
            {
                curves[g] = Eliminate(g, readers[g], cancellation);
                readers.Remove(g);
            }
        }
        foreach (var g in free.Where(g => !curves.ContainsKey(g))) curves[g] = Eliminate(g, readers[g], cancellation);
        progress?.Report(new WorkProgress("statistics", consumers.Count, consumers.Count));
        return curves;
    }

    List<Reader> Read(ConsumerSlice slice, UnitTarget target, int number)
    {
        if (_grams(slice, target, number) is not { } sums) return [];
        var unit = target.Unit;
        var patches = PatchGraph.Of(unit, _analysis.Model);
        var (weights, _) = unit.Read();
        var per = patches.InChannels / patches.Groups;
        List<Reader> found = [];
        for (var g = 0; g < patches.Groups; g++)
        {
            var power = Power(sums[g]);
            var rows = Enumerable.Range(0, per).Select(c => Enumerable.Range(0, patches.Taps).Select(t => PatchOrder.Row(c, t, per)).ToArray()).ToArray();
            var elimination = new ObsElimination(LeastSquares.CentredGram(sums[g], unit.HasBias), PatchOrder.Get(weights, g, patches), rows, power * patches.Groups, noise: LeastSquares.Noise(sums[g]));
            found.Add(new Reader(elimination, slice.Channels.Ids[(g * per)..((g + 1) * per)], per));
        }
        return found;
    }

    // Variance of what the unit feeds; 0 where that is constant up to rounding.
    static double Power(GramSums sums)
    {
        var variance = Enumerable.Range(0, sums.Outputs).Sum(sums.Variance);
        return variance > 1e-6 * sums.Power.Sum() / sums.Count ? variance : 0;
    }

    // Greedy: always the cell whose removal adds the least error over all units that read it.
    GroupCurve Eliminate(ChannelGroup group, List<Reader> readers, CancellationToken cancellation)
    {
        var left = group.Cells.Where(c => _analysis.LockOf(c) is null).ToList();
        var places = left.ToDictionary(c => c, c => readers.SelectMany((r, i) => Enumerable.Range(0, r.Cells.Length).Where(p => r.Cells[p] == c).Select(p => (i, p))).ToArray());
        List<int> order = [];
        List<double> damage = [];
        while (left.Count > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            var increase = new double[left.Count];
            Parallel.For(0, left.Count, n => increase[n] = places[left[n]].Sum(p => readers[p.i].Elimination.Increase(p.p)));
            var best = 0;
            for (var n = 1; n < left.Count; n++)
                if (increase[n] < increase[best]) best = n;
            foreach (var (i, p) in places[left[best]]) readers[i].Elimination.Remove(p);
            order.Add(left[best]);
            damage.Add(Math.Max(0, increase[best]));
            left.RemoveAt(best);
        }
        return new GroupCurve(order, damage);
    }
}
