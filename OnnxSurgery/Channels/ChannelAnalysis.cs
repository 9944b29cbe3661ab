using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Surgery.Channels;

/// <summary>
/// Which channels of a model live and die together. Every output channel of a linear operator starts an identity;
/// identities flow through the graph, and those that meet in an elementwise operator, a residual sum or a
/// depthwise convolution form one <em>cell</em>, which is removed as a whole or not at all.
/// In all lists here identities are cell numbers, with -1 for positions that must stay.
/// </summary>
sealed class ChannelAnalysis
{
    readonly ChannelLock?[] _locks;
    readonly int[] _cellOf;
    readonly List<ConstantRewrite> _rewrites;

    ChannelAnalysis(ChannelFlow flow)
    {
        (Model, HeadCut) = (flow.Model, flow.HeadCut);
        _cellOf = new int[flow.Sets.Count];
        var cells = new Dictionary<int, int>();
        _cellOf[0] = -1;
        for (var id = 1; id < _cellOf.Length; id++)
        {
            var root = flow.Sets.Find(id);
            if (!cells.TryGetValue(root, out var cell)) cells[root] = cell = cells.Count;
            _cellOf[id] = cell;
        }
        _locks = new ChannelLock?[cells.Count];
        foreach (var (root, cell) in cells) _locks[cell] = flow.Sets.LockOf(root);
        _rewrites = flow.Rewrites;
        Tensors = flow.Channels.ToDictionary(p => p.Key, p => new AxisChannels(p.Value.Axis, Cells(p.Value.Ids)));
        Parameters = [.. flow.Parameters.Where(p => Model.Index.Initializer(p.Tensor) is not null).Select(p => new ParameterSlice(p.Tensor, p.Axis, Cells(p.Ids))).DistinctBy(p => (p.Tensor, p.Axis))];
        Consumers = [.. flow.Consumers.Select(InCells)];
        Masks = [.. flow.Masks.Select(InCells), .. Consumers];
        Producers = [.. flow.Producers.Select(p => new ProducerSlice(p.Node, Cells(p.Ids)))];
        Groups = FormGroups();
    }

    /// <summary>The model analysed; edits start from a copy of it.</summary>
    public NormalisedModel Model { get; }

    /// <summary>What is cut where attentions split channels into heads.</summary>
    public HeadCut HeadCut { get; }

    /// <summary>Number of cells.</summary>
    public int CellCount => _locks.Length;

    /// <summary>Cells along the channel axis of every tensor that carries channels.</summary>
    public IReadOnlyDictionary<string, AxisChannels> Tensors { get; }

    /// <summary>Axes of initializers that are cut with the channels.</summary>
    public IReadOnlyList<ParameterSlice> Parameters { get; }

    /// <summary>Inputs of linear operators that read channels, in graph order.</summary>
    public IReadOnlyList<ConsumerSlice> Consumers { get; }

    /// <summary>Nodes that make channels, in graph order.</summary>
    public IReadOnlyList<ProducerSlice> Producers { get; }

    /// <summary>Groups in the order of their first producer.</summary>
    public IReadOnlyList<ChannelGroup> Groups { get; }

    /// <summary>Why a cell cannot be removed, or null.</summary>
    public ChannelLock? LockOf(int cell) => _locks[cell];

    /// <summary>Every input at which a mask must stand for removed channels: <see cref="Consumers"/> and some more.</summary>
    internal IReadOnlyList<ConsumerSlice> Masks { get; }

    internal IReadOnlyList<ConstantRewrite> Rewrites => _rewrites;

    internal int CellOf(int id) => _cellOf[id];

    /// <summary>Carries channel identities through a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="headCut">What is cut where attentions split channels into heads.</param>
    /// <exception cref="OnnxSurgeryException">A tensor could not be traced.</exception>
    public static ChannelAnalysis Of(NormalisedModel model, HeadCut headCut = HeadCut.Dimensions)
    {
        var flow = new ChannelFlow(model, headCut);
        foreach (var node in model.Proto.Graph.Node)
        {
            flow.Counts.Follow(node, flow);
            foreach (var captured in GraphIndex.Captures(node))
                if (flow.Of(captured) is { } c) flow.Lock(c.Ids, flow.Because(node, "a sub-graph reads it"));
            if (node.Output.Where(o => o.Length > 0).Any(o => !model.Trace.Shapes.ContainsKey(o))
                || ChannelRules.For(node) is not { } rule) flow.LockInputs(node, ChannelRules.WhyNot(node));
            else rule(node, flow);
        }
        foreach (var output in model.Proto.Graph.Output)
        {
            flow.Counts.Lock(output.Name, flow, new ChannelLock(output.Name, "output", "the model returns how many channels these are"));
            if (flow.Of(output.Name) is { } c) flow.Lock(c.Ids, new ChannelLock(output.Name, "output", "the model returns these channels"));
        }
        ReconcileSharedParameters(flow);
        return new ChannelAnalysis(flow);
    }

    // An initializer read by several nodes can lose a slice only if all of them lose the same one.
    static void ReconcileSharedParameters(ChannelFlow flow)
    {
        foreach (var (name, readers) in flow.ParameterReaders)
        {
            var nodes = flow.Model.Index.Consumers(name);
            foreach (var axis in readers.Select(r => r.Axis).Distinct())
            {
                var slices = flow.Parameters.Where(p => p.Tensor == name && p.Axis == axis).ToArray();
                var reason = new ChannelLock(name, "initializer", "it is shared with a node that needs all of it");
                foreach (var s in slices.Skip(1)) flow.Join(slices[0].Ids, s.Ids, reason);
                var covered = readers.Where(r => r.Axis == axis).Select(r => r.Node).ToHashSet();
                if (!nodes.All(covered.Contains) || flow.Model.Index.IsOutput(name) || flow.Model.Index.IsCaptured(name))
                    flow.Lock(slices[0].Ids, reason);
            }
        }
    }

    List<ChannelGroup> FormGroups()
    {
        var names = new NodeNames(Model.Proto.Graph);
        var producers = new List<int>[CellCount];
        var consumers = new List<int>[CellCount];
        Fill(producers, Producers.Select(p => p.Ids));
        Fill(consumers, Consumers.Select(c => c.Channels.Ids));
        return [.. Enumerable.Range(0, CellCount)
            .GroupBy(c => string.Join(',', producers[c]))
            .OrderBy(g => producers[g.First()].DefaultIfEmpty(int.MaxValue).First())
            .Select((g, i) =>
            {
                var made = producers[g.First()].Select(p => Producers[p].Node).ToArray();
                var read = g.SelectMany(c => consumers[c]).Distinct().Order().Select(c => Consumers[c].Node).ToArray();
                return new ChannelGroup(i, names.Of(made[0]), [.. g], made, read);
            })];

        static void Fill(List<int>[] lists, IEnumerable<int[]> vectors)
        {
            for (var c = 0; c < lists.Length; c++) lists[c] = [];
            foreach (var (vector, i) in vectors.Select((v, i) => (v, i)))
                foreach (var cell in vector.Where(c => c >= 0).Distinct()) lists[cell].Add(i);
        }
    }

    ConsumerSlice InCells(ConsumerSlice slice) => slice with { Channels = slice.Channels with { Ids = Cells(slice.Channels.Ids) } };

    int[] Cells(int[] ids) => Array.ConvertAll(ids, id => _cellOf[id]);
}
