using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels;

/// <summary>
/// The state of the walk that carries channel identities through a graph, and the vocabulary that operator rules
/// are written in.
/// </summary>
sealed class ChannelFlow(NormalisedModel model, HeadCut headCut)
{
    readonly Dictionary<string, AxisChannels> _channels = [];
    readonly NodeNames _names = new(model.Proto.Graph);

    public NormalisedModel Model { get; } = model;
    public HeadCut HeadCut { get; } = headCut;
    public HeadAxes HeadAxes { get; } = new(model);
    public ChannelSets Sets { get; } = new();
    public List<ParameterSlice> Parameters { get; } = [];
    public Dictionary<string, List<(NodeProto Node, int Axis)>> ParameterReaders { get; } = [];
    public List<ConsumerSlice> Consumers { get; } = [];
    public List<ConsumerSlice> Masks { get; } = [];
    public List<ProducerSlice> Producers { get; } = [];

    /// <summary>Which integers in the graph are numbers of channels.</summary>
    public ChannelCounts Counts { get; } = new();
    public List<ConstantRewrite> Rewrites { get; } = [];
    public IReadOnlyDictionary<string, AxisChannels> Channels => _channels;

    /// <summary>Channels of a tensor, or null when it carries none.</summary>
    public AxisChannels? Of(string tensor) => _channels.GetValueOrDefault(tensor);

    /// <summary>Declares the channels of a tensor.</summary>
    public void Set(string tensor, int axis, int[] ids)
    {
        if (Array.TrueForAll(ids, id => id == 0)) return;
        _channels[tensor] = new AxisChannels(axis, ids);
    }

    /// <summary>Traced shape of a tensor.</summary>
    public long[] Shape(string tensor) => Model.Trace.Shape(tensor);

    /// <summary>True for a tensor of floating-point numbers.</summary>
    public bool IsFloat(string tensor) => Model.Trace.ElementType(tensor)
        is TensorElementType.Float or TensorElementType.Float16 or TensorElementType.BFloat16 or TensorElementType.Double;

    /// <summary>The initializer behind a node input, or null when the input is absent or computed.</summary>
    public TensorProto? Constant(NodeProto node, int input) =>
        input < node.Input.Count && node.Input[input].Length > 0 ? Model.Index.Initializer(node.Input[input]) : null;

    /// <summary>True when the input is a constant that can be cut: an initializer, or one behind a <see cref="ConstantPath"/>.</summary>
    public bool IsConstant(NodeProto node, int input) => Has(node, input) && ConstantPath.IsConstant(node.Input[input], Model.Index);

    /// <summary>True when the input is absent or <see cref="IsConstant"/>.</summary>
    public bool IsConstantOrAbsent(NodeProto node, int input) => !Has(node, input) || IsConstant(node, input);

    /// <summary>Version of the default operator domain.</summary>
    public long Opset { get; } = model.Proto.OpsetImport.Where(o => o.Domain is "" or "ai.onnx").Select(o => o.Version).DefaultIfEmpty(1).Max();

    /// <summary>True when the node has that input.</summary>
    public static bool Has(NodeProto node, int input) => input < node.Input.Count && node.Input[input].Length > 0;

    /// <summary>True when the node has that output and something reads it.</summary>
    public bool IsRead(NodeProto node, int output) => output < node.Output.Count && node.Output[output] is { Length: > 0 } name
        && (Model.Index.Consumers(name).Count > 0 || Model.Index.IsOutput(name) || Model.Index.IsCaptured(name));

    /// <summary>What a tensor is that is no constant, for a sentence.</summary>
    public string Origin(string tensor) => Model.Index.Inputs.Any(i => i.Name == tensor) ? "an input of the model" : "computed in the graph";

    /// <summary>A lock reason that names a node.</summary>
    public ChannelLock Because(NodeProto node, string reason) => new(_names.Of(node), node.OpType, reason);

    /// <summary>New channels made by a node, one per output channel.</summary>
    public int[] Produce(NodeProto node, int count)
    {
        var ids = Sets.Fresh(count);
        Producers.Add(new ProducerSlice(node, ids));
        return ids;
    }

    /// <summary>Ties an axis of a constant to channels.</summary>
    /// <remarks>A constant that comes through other nodes is cut where it is stored.</remarks>
    public void Parameter(NodeProto node, int input, int axis, int[] ids)
    {
        var name = node.Input[input];
        Parameters.Add(new ParameterSlice(name, axis, ids));
        if (!ParameterReaders.TryGetValue(name, out var readers)) ParameterReaders[name] = readers = [];
        readers.Add((node, axis));
        if (Model.Index.Initializer(name) is null) ConstantPath.Cut(name, axis, ids, this);
    }

    /// <summary>Ties a vector or scalar to channels along its only or last axis, where it has one entry per channel.</summary>
    public void ParameterVector(NodeProto node, int input, int[] ids)
    {
        if (!Has(node, input)) return;
        var shape = Shape(node.Input[input]);
        if (shape.Length == 0 || shape[^1] != ids.Length || shape[^1] == 1) return;
        if (IsConstant(node, input)) Parameter(node, input, shape.Length - 1, ids);
        else Lock(ids, Because(node, "one of its vectors along the channels is computed in the graph"));
    }

    /// <summary>Notes that a linear operator reads channels.</summary>
    /// <remarks>A quantised operator reads zero where its input equals <paramref name="zeroPoint"/>.</remarks>
    public void Consume(NodeProto node, int input, AxisChannels channels, string? zeroPoint = null) =>
        Consumers.Add(new ConsumerSlice(node, input, channels) { ZeroPoint = zeroPoint });

    /// <summary>Notes that a node which is no linear operator must see zeros, too, where masked channels are.</summary>
    public void Mask(NodeProto node, int input, AxisChannels channels) => Masks.Add(new ConsumerSlice(node, input, channels));

    /// <summary>Notes a change to make to the node when channels go.</summary>
    public void Rewrite(NodeProto node, Action<RewriteSite> apply) => Rewrites.Add(new ConstantRewrite(node, apply));

    /// <summary>Makes two equally long lists of channels live and die together, position by position.</summary>
    public void Join(int[] a, int[] b, ChannelLock reason)
    {
        for (var i = 0; i < a.Length; i++) Sets.Join(a[i], b[i], reason);
    }

    /// <summary>Locks all channels of a list.</summary>
    public void Lock(int[] ids, ChannelLock reason)
    {
        foreach (var id in ids) Sets.Lock(id, reason);
    }

    /// <summary>Locks the channels that reach any input of a node.</summary>
    public void LockInputs(NodeProto node, string reason)
    {
        foreach (var input in node.Input.Concat(GraphIndex.Captures(node)))
            if (Of(input) is { } c) Lock(c.Ids, Because(node, reason));
    }
}
