using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Model.Counting;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels;

/// <summary>
/// Parameters, MACs and bytes of the model as cells are removed one by one, kept up to date incrementally.
/// Conventions are those of <see cref="ModelCounts"/>.
/// </summary>
sealed class RemovalCost
{
    // What shrinks with each of some lists of channels. IsArray: counted only while it has more than one element, see ModelCounts.
    sealed record Quantity(double Parameters, bool IsArray, double Macs, double Bytes, int[] Lists);

    readonly List<int[]> _lists = [];
    readonly List<int> _kept = [];
    readonly List<Quantity> _quantities = [];
    readonly List<(int List, int Count)>[] _listsOf;
    readonly List<int>[] _quantitiesOf;

    /// <summary>Starts with nothing removed.</summary>
    public RemovalCost(ChannelAnalysis analysis)
    {
        var model = analysis.Model;
        _listsOf = [.. Enumerable.Range(0, analysis.CellCount).Select(_ => new List<(int, int)>())];
        _quantitiesOf = [.. Enumerable.Range(0, analysis.CellCount).Select(_ => new List<int>())];
        var counts = ModelCounts.Of(model.Proto, model.Trace.Sizes);
        (Parameters, Macs, Bytes) = (counts.Parameters, counts.Macs, counts.Bytes);
        (TotalParameters, TotalMacs, TotalBytes) = (Parameters, Macs, Bytes);
        Dictionary<(string Tensor, int Axis), int> slices = [];
        foreach (var slice in analysis.Parameters) slices[(slice.Tensor, slice.Axis)] = List(slice.Ids);
        Dictionary<(NodeProto Node, int Input), int[]> weights = [];
        foreach (var tensor in slices.GroupBy(s => s.Key.Tensor, s => s.Value))
        {
            var proto = model.Index.Initializer(tensor.Key)!;
            var elements = TensorData.ElementCount(proto);
            var uses = Uses(tensor.Key, model.Index).ToArray();
            var isWeight = uses.Any(u => WeightRoles.IsWeight(u.Node, u.Input));
            var isArray = !isWeight && elements > 1 && WeightRoles.IsLearnable((TensorProto.Types.DataType)proto.DataType) && uses.Any(u => WeightRoles.IsArray(u.Node, u.Input));
            Add(new Quantity(isWeight || isArray ? elements : 0, isArray, 0, elements * TensorData.ElementSize(proto), [.. tensor]));
            foreach (var use in uses) weights[use] = [.. tensor];
        }
        AddWork(analysis, counts, slices, weights);
    }

    void AddWork(ChannelAnalysis analysis, ModelCounts counts, Dictionary<(string Tensor, int Axis), int> axes, Dictionary<(NodeProto Node, int Input), int[]> weights)
    {
        // Sub-graphs may use a name again.
        var work = counts.Nodes.GroupBy(n => n.Name).ToDictionary(n => n.Key, n => n.First().Work);
        var names = new NodeNames(analysis.Model.Proto.Graph);
        var made = analysis.Producers.GroupBy(p => p.Node).ToDictionary(p => p.Key, p => p.First().Ids);
        foreach (var node in analysis.Model.Proto.Graph.Node)
            foreach (var (term, macs) in work.GetValueOrDefault(names.Of(node), []))
                Add(new Quantity(0, false, macs, 0, [.. term.Extents.SelectMany(e => ListsOf(node, e))]));

        int[] ListsOf(NodeProto node, Extent extent) => extent switch
        {
            WholeInput whole => weights.GetValueOrDefault((node, whole.Input), []),
            AxisOf axis => AxisList(axis) is { } list ? [list] : [],
            FirstMade first => made.TryGetValue(node, out var ids) ? [List(ids[..(int)first.Size])] : [],
            _ => throw new InvalidOperationException($"Nothing is known of a {extent.GetType().Name}."),
        };

        int? AxisList(AxisOf axis)
        {
            if (axes.TryGetValue((axis.Tensor, axis.Axis), out var known)) return known;
            if (analysis.Tensors.GetValueOrDefault(axis.Tensor) is not { } channels || channels.Axis != axis.Axis) return null;
            return axes[(axis.Tensor, axis.Axis)] = List(channels.Ids);
        }
    }

    int List(int[] cells)
    {
        _lists.Add(cells);
        _kept.Add(cells.Length);
        foreach (var cell in cells.Where(c => c >= 0).GroupBy(c => c)) _listsOf[cell.Key].Add((_lists.Count - 1, cell.Count()));
        return _lists.Count - 1;
    }

    void Add(Quantity quantity)
    {
        if (quantity.Lists.Length == 0) return;
        _quantities.Add(quantity);
        foreach (var cell in quantity.Lists.SelectMany(l => _lists[l]).Where(c => c >= 0).Distinct()) _quantitiesOf[cell].Add(_quantities.Count - 1);
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
        foreach (var q in _quantitiesOf[cell]) Book(_quantities[q], -1);
        foreach (var (list, count) in _listsOf[cell]) _kept[list] += sign * count;
        foreach (var q in _quantitiesOf[cell]) Book(_quantities[q], +1);
    }

    void Book(Quantity quantity, int sign)
    {
        var left = 1.0;
        foreach (var l in quantity.Lists) left *= (double)_kept[l] / _lists[l].Length;
        var parameters = quantity.Parameters * left;
        if (!quantity.IsArray || parameters > 1.5) Parameters += sign * parameters;
        Macs += sign * quantity.Macs * left;
        Bytes += sign * quantity.Bytes * left;
    }
}
