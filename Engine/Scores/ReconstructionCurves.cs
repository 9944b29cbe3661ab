using OnnxEdit.Engine.Linear;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Refit.Columns;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Scores;

/// <summary>
/// Elimination curves of every channel group: which cell to remove next and what that costs in reconstruction error
/// of the units that read it, measured on the original network. Errors are relative to the variance of the tensor
/// the unit feeds (the residual sum, where there is one) and added over consumers.
/// </summary>
sealed class ReconstructionCurves
{
    /// <summary>Damage of each cell at a reader that is no linear unit; null when it cannot be measured.</summary>
    public delegate Dictionary<int, double>? MaskSource(ConsumerSlice[] slices, int[] cells);

    /// <summary>The columns of a unit where they are too few for sums; else null.</summary>
    public delegate PatchColumns[]? ColumnSource(UnitTarget target, int number);

    readonly ChannelAnalysis _analysis;
    readonly GramSource _grams;
    readonly MaskSource? _masked;
    readonly IReadOnlyDictionary<string, double>? _gains;
    readonly ColumnSource? _columns;
    readonly ulong _seed;

    ReconstructionCurves(ChannelAnalysis analysis, GramSource grams, MaskSource? masked, IReadOnlyDictionary<string, double>? gains, ColumnSource? columns, ulong seed) =>
        (_analysis, _grams, _masked, _gains, _columns, _seed) = (analysis, grams, masked, gains, columns, seed);

    /// <summary>Measures the curves; groups without a removable cell get none.</summary>
    /// <param name="analysis">The analysis.</param>
    /// <param name="grams">Asked once per consumer, in graph order.</param>
    /// <param name="progress">Told of each consumer.</param>
    /// <param name="cancellation">Stops between consumers.</param>
    /// <param name="masked">Asked for readers that are no linear units, in graph order; null: these are judged by weights.</param>
    /// <param name="gains">What a relative error in a tensor counts, see <see cref="ErrorGains"/>; null: all the same.</param>
    /// <param name="columns">Asked for each linear unit before <paramref name="grams"/>; null: there are sums of all.</param>
    /// <param name="seed">Seed of random signs, see <see cref="ColumnElimination"/>.</param>
    public static Dictionary<ChannelGroup, GroupCurve> Measure(
        ChannelAnalysis analysis, GramSource grams, IProgress<WorkProgress>? progress, CancellationToken cancellation,
        MaskSource? masked = null, IReadOnlyDictionary<string, double>? gains = null, ColumnSource? columns = null, ulong seed = 0) =>
        new ReconstructionCurves(analysis, grams, masked, gains, columns, seed).Run(progress, cancellation);

    // A linear unit's group with the place of each cell in it.
    // Lost: the error when that many cells are gone and the others may be combined anew, in the units of the elimination.
    sealed record Reader(IElimination Elimination, Dictionary<int, int> Places, double[]? Lost);

    Dictionary<ChannelGroup, GroupCurve> Run(IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        var free = _analysis.Groups.Where(g => g.Cells.Any(c => _analysis.LockOf(c) is null)).ToList();
        var pending = free.ToDictionary(g => g, g => g.Consumers.ToHashSet());
        var readers = free.ToDictionary(g => g, _ => new List<Reader>());
        var masked = new Dictionary<int, double>();
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
            else if (free.Any(g => pending[g].Contains(slice.Node))) AddMasked(slice.Node, masked);
            foreach (var g in free.Where(g => pending[g].Remove(slice.Node) && pending[g].Count == 0))
            {
                curves[g] = Eliminate(g, readers[g], masked, cancellation);
                readers.Remove(g);
            }
        }
        foreach (var g in free.Where(g => !curves.ContainsKey(g))) curves[g] = Eliminate(g, readers[g], masked, cancellation);
        progress?.Report(new WorkProgress("statistics", consumers.Count, consumers.Count));
        return curves;
    }

    void AddMasked(NodeProto node, Dictionary<int, double> masked)
    {
        var slices = _analysis.Consumers.Where(c => c.Node == node).ToArray();
        int[] cells = [.. slices.SelectMany(s => s.Channels.Ids).Where(c => c >= 0 && _analysis.LockOf(c) is null).Distinct().Order()];
        foreach (var (cell, damage) in _masked?.Invoke(slices, cells) ?? []) masked[cell] = masked.GetValueOrDefault(cell) + damage;
    }

    List<Reader> Read(ConsumerSlice slice, UnitTarget target, int number)
    {
        if (_columns?.Invoke(target, number) is { } columns) return Read(slice, target, columns);
        if (_grams(slice, target, number) is not { } sums) return [];
        var unit = target.Unit;
        var patches = PatchGraph.Of(unit, _analysis.Model);
        var (weights, _) = unit.Read();
        var per = patches.InChannels / patches.Groups;
        List<Reader> found = [];
        for (var g = 0; g < patches.Groups; g++)
        {
            var power = Power(sums[g]) / (_gains?.GetValueOrDefault(target.Tensor, 1) ?? 1);
            var (cells, places) = Cells(slice, g, per);
            var gram = LeastSquares.CentredGram(sums[g], unit.HasBias);
            var ordered = PatchOrder.Get(weights, g, patches);
            var isWide = TapMean.Applies(patches, sums[g].Count);
            if (isWide) (gram, ordered) = (TapMean.Gram(gram, patches.Taps), TapMean.Weights(ordered, patches.Taps));
            var rows = Rows(places, isWide ? 1 : patches.Taps, per);
            var lost = isWide || unit.IsConv || power <= 0 ? null : HeadTargets.Lost(_analysis, unit, gram)?.Select(e => e / power).ToArray();
            var elimination = new ObsElimination(isWide ? gram : Shrunk(gram, sums[g]), ordered, rows, power * patches.Groups, noise: LeastSquares.Noise(sums[g]));
            found.Add(new Reader(elimination, Numbered(cells), lost));
        }
        return found;
    }

    List<Reader> Read(ConsumerSlice slice, UnitTarget target, PatchColumns[] columns)
    {
        var unit = target.Unit;
        var patches = PatchGraph.Of(unit, _analysis.Model);
        var (weights, _) = unit.Read();
        var per = patches.InChannels / patches.Groups;
        List<Reader> found = [];
        for (var g = 0; g < columns.Length; g++)
        {
            columns[g].Centre(unit.HasBias);
            var power = columns[g].TargetVariance / (_gains?.GetValueOrDefault(target.Tensor, 1) ?? 1);
            var (cells, places) = Cells(slice, g, per);
            found.Add(new Reader(
                new ColumnElimination(columns[g], weights, g, patches, Rows(places, patches.Taps, per), power * patches.Groups, _seed), Numbered(cells), null));
        }
        return found;
    }

    // The removable cells that a group reads and where: a cell may lie in several places (heads, pixels of a flattened map), which
    // go as one block.
    (int[] Cells, int[][] Places) Cells(ConsumerSlice slice, int group, int per)
    {
        var ids = slice.Channels.Ids[(group * per)..((group + 1) * per)];
        var places = Enumerable.Range(0, per).Where(c => ids[c] >= 0 && _analysis.LockOf(ids[c]) is null).ToLookup(c => ids[c]);
        return ([.. places.Select(p => p.Key)], [.. places.Select(p => p.ToArray())]);
    }

    static int[][] Rows(int[][] places, int taps, int per) =>
        Array.ConvertAll(places, cell => cell.SelectMany(c => Enumerable.Range(0, taps).Select(t => PatchOrder.Row(c, t, per))).ToArray());

    static Dictionary<int, int> Numbered(int[] cells) => cells.Select((c, i) => (c, i)).ToDictionary(p => p.c, p => p.i);

    // Correlations from few images promise more than a re-fit can keep; they are taken for less, the fewer there are.
    static double[][] Shrunk(double[][] gram, GramSums sums)
    {
        if (!GramSums.AreFew(sums.Count, sums.Rows)) return gram;
        var trust = sums.Count / (sums.Count + sums.Rows);
        for (var i = 0; i < gram.Length; i++)
            for (var j = 0; j < gram.Length; j++)
                if (i != j) gram[i][j] *= trust;
        return gram;
    }

    // Variance of what the unit feeds; 0 where that is constant up to rounding.
    static double Power(GramSums sums)
    {
        var variance = Enumerable.Range(0, sums.Outputs).Sum(sums.Variance);
        return variance > 1e-6 * sums.Power.Sum() / sums.Count ? variance : 0;
    }

    // Greedy: always the cell whose removal adds the least error over all units that read it. Of very many cells a few go
    // at a time, the least of them first: what they add is exact, only their order is not looked over again in between.
    GroupCurve Eliminate(ChannelGroup group, List<Reader> readers, Dictionary<int, double> masked, CancellationToken cancellation)
    {
        var left = group.Cells.Where(c => _analysis.LockOf(c) is null).ToList();
        var known = Unread(left, readers, masked);
        List<int> order = [];
        List<double> damage = [];
        var looks = readers.Select(r => r.Elimination.Looks).DefaultIfEmpty(512).Min();
        while (left.Count > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            var increase = new double[left.Count];
            ThreadedLoop.For(0, left.Count, n => increase[n] = known.GetValueOrDefault(left[n])
                + readers.Sum(r => r.Places.TryGetValue(left[n], out var place) ? r.Elimination.Increase(place) : 0));
            var best = Enumerable.Range(0, left.Count).OrderBy(n => increase[n]).Take(Math.Max(1, left.Count / looks)).Select(n => left[n]).ToArray();
            var added = Array.ConvertAll(best, cell => known.GetValueOrDefault(cell));
            foreach (var reader in readers)
            {
                int[] going = [.. Enumerable.Range(0, best.Length).Where(n => reader.Places.ContainsKey(best[n]))];
                var errors = reader.Elimination.Remove([.. going.Select(n => reader.Places[best[n]])]);
                foreach (var (n, error) in going.Zip(errors)) added[n] += error;
            }
            order.AddRange(best);
            damage.AddRange(added.Select(d => Math.Max(0, d)));
            left.RemoveAll(best.Contains);
        }
        if (readers is [{ Lost: { } lost }] && lost.Length == order.Count + 1 && !order.Exists(known.ContainsKey)) Lower(damage, lost);
        return new GroupCurve(order, damage);
    }

    // Damage that adds up to no more than what is lost.
    static void Lower(List<double> damage, double[] lost)
    {
        var (sum, before) = (0.0, 0.0);
        for (var i = 0; i < damage.Count; i++)
        {
            sum += damage[i];
            var now = Math.Min(sum, lost[i + 1]);
            damage[i] = Math.Max(0, now - before);
            before = Math.Max(before, now);
        }
    }

    // Cells of which no reader could be measured are judged by their share of the squared weights that make them.
    Dictionary<int, double> Unread(List<int> cells, List<Reader> readers, Dictionary<int, double> masked)
    {
        var unread = cells.Where(c => !masked.ContainsKey(c) && !readers.Exists(r => r.Places.ContainsKey(c))).ToArray();
        if (unread.Length == 0) return masked;
        var norms = WeightScores.Euclidean(_analysis);
        var total = unread.Where(c => !double.IsNaN(norms[c])).Sum(c => norms[c] * norms[c]);
        var known = new Dictionary<int, double>(masked);
        foreach (var c in unread) known[c] = double.IsNaN(norms[c]) || total == 0 ? 1.0 / unread.Length : norms[c] * norms[c] / total;
        return known;
    }
}
