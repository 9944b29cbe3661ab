using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Surgery.Gradients.Blocked;

/// <summary>
/// Which tensors of a graph exist in which form, and the nodes that bring them from one into the other. A blocked
/// tensor [N,C,H,W] is stored as [N, C/B, H, W, B], its channels filled up with zeros to a multiple of the block B.
/// </summary>
/// <param name="graph">Receives constants.</param>
/// <param name="trace">Shapes of the graph before.</param>
/// <param name="nodes">Receives nodes.</param>
sealed class BlockedLayout(GraphProto graph, ShapeTrace trace, ICollection<NodeProto> nodes)
{
    readonly GraphIndex _index = new(graph);
    readonly Dictionary<string, string> _blocked = [];
    readonly HashSet<string> _onlyBlocked = [];
    readonly Dictionary<(string, bool), string> _kernels = [];

    /// <summary>Writes nodes.</summary>
    public NodeWriter Write { get; } = new(nodes, graph);

    public long[] Shape(string tensor) => trace.Shape(tensor);

    public DataType Type(string tensor) => (DataType)trace.ElementType(tensor);

    public long Count(string tensor) => Shape(tensor).Aggregate(1L, (a, b) => a * b);

    public long[]? Integers(string tensor) => trace.Integers(tensor)?.First;

    /// <summary>True when the tensor exists in blocks.</summary>
    public bool HasBlocked(string tensor) => _blocked.ContainsKey(tensor);

    /// <summary>Channels filled up to whole blocks.</summary>
    public static long Filled(long channels) => (channels + BlockedKernels.Block - 1) / BlockedKernels.Block * BlockedKernels.Block;

    /// <summary>What a tensor is the transpose of, where images and channels change places; null if it is none.</summary>
    public string? Swapped(string tensor) =>
        _index.Producer(tensor) is { OpType: "Transpose" } turn && turn.Ints("perm") is [1, 0, 2, 3] ? turn.Input[0] : null;

    /// <summary>The tensor in its plain form, under its own name.</summary>
    public string RequirePlain(string tensor)
    {
        if (!_onlyBlocked.Remove(tensor)) return tensor;
        var node = Blocked("ReorderOutput", [_blocked[tensor]], tensor);
        node.Set("channels", Shape(tensor)[1]);
        nodes.Add(node);
        return tensor;
    }

    /// <summary>The tensor in blocks.</summary>
    public string RequireBlocked(string tensor)
    {
        if (_blocked.TryGetValue(tensor, out var name)) return name;
        var source = PadChannels(tensor, 1);
        nodes.Add(Blocked("ReorderInput", [source], name = Write.Fresh("blocked")));
        return _blocked[tensor] = name;
    }

    /// <summary>A node of the blocked domain with attributes of another.</summary>
    public NodeProto BlockedNode(string op, IEnumerable<string> inputs, NodeProto like, params string[] attributes)
    {
        var node = Blocked(op, inputs, "");
        foreach (var a in attributes)
            if (like.Find(a) is { } attribute) node.Attribute.Add(attribute.Clone());
        return node;
    }

    /// <summary>Adds a node whose output is a tensor in blocks.</summary>
    /// <param name="tensor">Name of the tensor in its plain form, which is made only if somebody reads it.</param>
    /// <param name="node">The node; its output is named here.</param>
    /// <param name="channelForm">Its shape if the node works on the form of <see cref="Channels"/>.</param>
    public void AddBlocked(string tensor, NodeProto node, long[]? channelForm = null)
    {
        var name = Write.Fresh("blocked");
        node.Output.Clear();
        node.Output.Add(name);
        nodes.Add(node);
        if (channelForm is { } s) name = Write.Reshape(name, [s[0], Filled(s[1]), s[2], s[3]]);
        _blocked[tensor] = name;
        _onlyBlocked.Add(tensor);
    }

    /// <summary>The weights of a convolution as its blocked kernel reads them.</summary>
    /// <param name="weights">[out, in, height, width].</param>
    /// <param name="plainInput">True when the input has fewer channels than a block and stays plain.</param>
    public string Kernel(string weights, bool plainInput)
    {
        if (_kernels.TryGetValue((weights, plainInput), out var name)) return name;
        var (s, b) = (Shape(weights), (long)BlockedKernels.Block);
        var (outs, ins) = (Filled(s[0]), plainInput ? s[1] : Filled(s[1]));
        var w = RequirePlain(weights);
        w = Write.Pad(w, new long[4], [outs - s[0], ins - s[1], 0, 0]);
        w = plainInput
            ? Write.Transpose(Write.Reshape(w, [outs / b, b, ins, s[2], s[3]]), 0, 2, 3, 4, 1)
            : Write.Transpose(Write.Reshape(w, [outs / b, b, ins / b, b, s[2], s[3]]), 0, 2, 4, 5, 3, 1);
        return _kernels[(weights, plainInput)] = Write.Reshape(w, [outs, ins, s[2], s[3]]);
    }

    /// <summary>A plain tensor with its channels filled up by zeros.</summary>
    public string PadChannels(string tensor, int axis)
    {
        var s = Shape(tensor);
        var missing = new long[s.Length];
        missing[axis] = Filled(s[axis]) - s[axis];
        return Write.Pad(RequirePlain(tensor), new long[s.Length], missing);
    }

    /// <summary>A blocked tensor seen as [N, C/B, H W, B].</summary>
    public string Channels(string blocked, long[] shape) =>
        Write.Reshape(blocked, [shape[0], Filled(shape[1]) / BlockedKernels.Block, shape[2] * shape[3], BlockedKernels.Block]);

    /// <summary>One number per channel, to go with <see cref="Channels"/>.</summary>
    public string PerChannel(string tensor)
    {
        var count = Count(tensor);
        var flat = Write.Reshape(RequirePlain(tensor), [count]);
        flat = Write.Pad(flat, [0], [Filled(count) - count]);
        return Write.Reshape(flat, [Filled(count) / BlockedKernels.Block, 1, BlockedKernels.Block]);
    }

    /// <summary>A reduction of a blocked tensor over positions, and over images too if asked; its result is plain.</summary>
    public void Reduce(NodeProto node, bool overImages)
    {
        var shape = Shape(node.Input[0]);
        var (filled, mean) = (Filled(shape[1]), node.OpType == "ReduceMean");
        // One axis after the other: ONNX Runtime is several times slower at two that do not touch.
        string Over(string x, long axis) => mean ? Write.ReduceMean(x, [axis], keep: false) : Write.ReduceSum(x, [axis], keep: false);
        var x = Write.Reshape(_blocked[node.Input[0]], [shape[0] * filled / BlockedKernels.Block, shape[2] * shape[3], BlockedKernels.Block]);
        var sum = Write.Reshape(Over(x, 1), [shape[0], filled]);
        if (overImages) sum = Over(sum, 0);
        if (filled != shape[1]) sum = Write.Slice(sum, [0], [shape[1]], [overImages ? 0 : 1], [1]);
        Write.Reshape(sum, Shape(node.Output[0]), node.Output[0]);
    }

    static NodeProto Blocked(string op, IEnumerable<string> inputs, string output)
    {
        var node = NodeAttributes.Node(op, inputs, [output]);
        node.Domain = BlockedKernels.Domain;
        return node;
    }

    /// <summary>Adds a node of the blocked domain.</summary>
    public string Emit(string op, IEnumerable<string> inputs, Action<NodeProto>? set = null, string? output = null)
    {
        var node = Blocked(op, inputs, output ?? Write.Fresh(op));
        set?.Invoke(node);
        nodes.Add(node);
        return node.Output[0];
    }
}
