using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels;

/// <summary>
/// Parameters, MACs and bytes of the model as cells are removed one by one, kept up to date incrementally.
/// Conventions are those of <see cref="ModelCounts"/>.
/// </summary>
sealed class RemovalCost
{
    // IsArray: counted only while it has more than one element, see ModelCounts.
    sealed record Tensor(double Parameters, bool IsArray, double Macs, double Bytes, List<int> Slices);

    readonly int[] _length;
    readonly int[] _kept;
    readonly List<Tensor> _tensors = [];
    readonly List<(int Slice, int Count)>[] _slicesOf;
    readonly List<int>[] _tensorsOf;

    /// <summary>Starts with nothing removed.</summary>
    public RemovalCost(ChannelAnalysis analysis)
    {
        var model = analysis.Model;
        var slices = analysis.Parameters;
        _length = [.. slices.Select(s => s.Ids.Length)];
        _kept = (int[])_length.Clone();
        _slicesOf = [.. Enumerable.Range(0, analysis.CellCount).Select(_ => new List<(int, int)>())];
        _tensorsOf = [.. Enumerable.Range(0, analysis.CellCount).Select(_ => new List<int>())];
        var counts = ModelCounts.Of(model.Proto, model.Trace.Shapes, model.Trace.Batch);
        (Parameters, Macs, Bytes) = (counts.Parameters, counts.Macs, counts.Bytes);
        (TotalParameters, TotalMacs, TotalBytes) = (Parameters, Macs, Bytes);
        // Sub-graphs may use a name again.
        var macs = counts.Nodes.GroupBy(n => n.Name).ToDictionary(n => n.Key, n => (double)(n.First().Macs ?? 0));
        var names = new NodeNames(model.Proto.Graph);
        foreach (var group in slices.Select((s, i) => (s, i)).GroupBy(p => p.s.Tensor))
        {
            var proto = model.Index.Initializer(group.Key)!;
            var elements = TensorData.ElementCount(proto);
            var uses = Uses(group.Key, model.Index).ToArray();
            var isWeight = uses.Any(u => WeightRoles.IsWeight(u.Node, u.Input));
            var isArray = !isWeight && elements > 1 && TensorData.IsFloat(proto) && uses.Any(u => WeightRoles.IsArray(u.Node, u.Input));
            var work = uses.Where(u => WeightRoles.IsMultiplied(u.Node, u.Input)).Sum(u => macs.GetValueOrDefault(names.Of(u.Node)));
            _tensors.Add(new Tensor(isWeight || isArray ? elements : 0, isArray, work, elements * TensorData.ElementSize(proto), [.. group.Select(p => p.i)]));
            foreach (var (slice, i) in group)
                foreach (var cell in slice.Ids.Where(c => c >= 0).GroupBy(c => c))
                {
                    _slicesOf[cell.Key].Add((i, cell.Count()));
                    if (!_tensorsOf[cell.Key].Contains(_tensors.Count - 1)) _tensorsOf[cell.Key].Add(_tensors.Count - 1);
                }
        }
    }

    /// <summary>Parameters of the whole model.</summary>
    public double TotalParameters { get; }

    /// <summary>MACs of the whole model for one example.</summary>
    public double TotalMacs { get; }

    /// <summary>Bytes of the whole model.</summary>
    public double TotalBytes { get; }

    /// <summary>Parameters left.</summary>
    public double Parameters { get; private set; }

    /// <summary>MACs left, for one example.</summary>
    public double Macs { get; private set; }

    /// <summary>Bytes left.</summary>
    public double Bytes { get; private set; }

    /// <summary>Removes a cell from the counts.</summary>
    public void Remove(int cell) => Change(cell, -1);

    /// <summary>Puts a cell back.</summary>
    public void Restore(int cell) => Change(cell, +1);

    /// <summary>What removing these cells now would save.</summary>
    public (double Parameters, double Macs, double Bytes) Gain(IReadOnlyList<int> cells)
    {
        var before = (Parameters, Macs, Bytes);
        foreach (var c in cells) Change(c, -1);
        var after = (Parameters, Macs, Bytes);
        foreach (var c in cells) Change(c, +1);
        (Parameters, Macs, Bytes) = before;
        return (before.Parameters - after.Parameters, before.Macs - after.Macs, before.Bytes - after.Bytes);
    }

    // Who reads a constant, be it through nodes that hand it on.
    static IEnumerable<(NodeProto Node, int Input)> Uses(string tensor, GraphIndex index)
    {
        foreach (var node in index.Consumers(tensor))
            for (var i = 0; i < node.Input.Count; i++)
            {
                if (node.Input[i] != tensor) continue;
                if (i > 0 || !WeightRoles.PassesOn(node)) yield return (node, i);
                else
                    foreach (var use in Uses(node.Output[0], index)) yield return use;
            }
    }

    void Change(int cell, int sign)
    {
        foreach (var t in _tensorsOf[cell]) Book(_tensors[t], -1);
        foreach (var (slice, count) in _slicesOf[cell]) _kept[slice] += sign * count;
        foreach (var t in _tensorsOf[cell]) Book(_tensors[t], +1);
    }

    void Book(Tensor tensor, int sign)
    {
        var left = 1.0;
        foreach (var s in tensor.Slices) left *= (double)_kept[s] / _length[s];
        var parameters = tensor.Parameters * left;
        if (!tensor.IsArray || parameters > 1.5) Parameters += sign * parameters;
        Macs += sign * tensor.Macs * left;
        Bytes += sign * tensor.Bytes * left;
    }
}
