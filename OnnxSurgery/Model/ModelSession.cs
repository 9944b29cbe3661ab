using System.Buffers;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Model;

/// <summary>
/// An ONNX Runtime session over a model held in memory. Weights that lie in mapped files, and those that are very large, are handed to
/// each run as they lie there, as inputs of the graph: nothing is copied, pre-packed or counted against the 2 GB of a serialised model.
/// </summary>
sealed class ModelSession : IDisposable
{
    readonly InferenceSession _session;
    readonly List<string> _names = [];
    readonly List<OrtValue> _weights = [];
    readonly List<MemoryHandle> _pins = [];

    /// <summary>Creates a session.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="options">ORT's options.</param>
    /// <param name="handedFrom">Bytes from which on weights that are held in memory are handed to runs, too.</param>
    /// <exception cref="OnnxSurgeryException">What must be serialised is larger than 2 GB.</exception>
    /// <exception cref="OnnxRuntimeException">ORT refuses the model.</exception>
    public ModelSession(ModelProto model, SessionOptions options, long handedFrom = long.MaxValue)
    {
        if (model.Graph.Node.Any(EndsEmpty)) model = WithoutEmptyEnds(model);
        var handed = Large(model.Graph, handedFrom);
        handed.UnionWith(model.Graph.Initializer.Where(t => MappedBytes.Holds(t.RawData)).Select(t => t.Name));
        IsMappedSession = model.Graph.Initializer.Any(t => MappedBytes.Holds(t.RawData));
        if (handed.Count > 0) model = Without(model, handed);
        if (ModelCounts.ByteCount(model) > ModelReader.Limit)
            throw new OnnxSurgeryException(
                "The part of the model that is not external data is larger than 2 GB, which is not supported; store its weights as external data.");
        try
        {
            _session = new InferenceSession(model.ToByteArray(), options);
        }
        catch
        {
            Release();
            throw;
        }
    }

    /// <summary>True when weights are read from mapped files instead of being loaded and pre-packed.</summary>
    public bool IsMappedSession { get; }

    /// <summary>What the session returns, by name.</summary>
    public IReadOnlyDictionary<string, NodeMetadata> OutputMetadata => _session.OutputMetadata;

    /// <summary>Runs the model, like <see cref="InferenceSession"/> does.</summary>
    /// <param name="options">Run options, kept alive by the caller.</param>
    /// <param name="names">Names of the inputs.</param>
    /// <param name="values">Their values.</param>
    /// <param name="outputs">Names of the outputs wanted.</param>
    public IDisposableReadOnlyCollection<OrtValue> Run(
        RunOptions options, IReadOnlyCollection<string> names, IReadOnlyCollection<OrtValue> values, IReadOnlyCollection<string> outputs) =>
        _names.Count == 0
            ? _session.Run(options, names, values, outputs)
            : _session.Run(options, [.. names, .. _names], [.. values, .. _weights], outputs);

    /// <inheritdoc/>
    public void Dispose()
    {
        _session.Dispose();
        Release();
    }

    static bool EndsEmpty(NodeProto node) => node.Output.Count > 1 && node.Output[^1].Length == 0;

    // Optional outputs that are left empty may as well not be listed. ONNX Runtime's BatchNormalization of opset 9 ends
    // the process when they are.
    static ModelProto WithoutEmptyEnds(ModelProto model)
    {
        model = model.Clone();
        foreach (var node in model.Graph.Node)
            while (EndsEmpty(node)) node.Output.RemoveAt(node.Output.Count - 1);
        return model;
    }

    // Weights that nothing but linear operators and look-ups read, which take them from anywhere.
    static HashSet<string> Large(GraphProto graph, long from)
    {
        HashSet<string> found = [.. graph.Initializer.Where(t => t.RawData.Length >= from && t.DataType == (int)TensorProto.Types.DataType.Float).Select(t => t.Name)];
        if (found.Count == 0) return found;
        found.ExceptWith(graph.Output.Select(o => o.Name));
        foreach (var node in graph.Node)
            if (node.OpType is not ("Conv" or "ConvTranspose" or "Gemm" or "MatMul" or "Gather")) found.ExceptWith(node.Input.Concat(GraphIndex.Captures(node)));
        return found;
    }

    ModelProto Without(ModelProto model, HashSet<string> handed)
    {
        model = model.Clone();
        var graph = model.Graph;
        for (var i = graph.Initializer.Count - 1; i >= 0; i--)
        {
            var tensor = graph.Initializer[i];
            if (!handed.Contains(tensor.Name)) continue;
            graph.Initializer.RemoveAt(i);
            if (graph.Input.All(input => input.Name != tensor.Name)) graph.Input.Add(Describe(tensor));
            Feed(tensor);
        }
        return model;
    }

    void Feed(TensorProto tensor)
    {
        var pin = tensor.RawData.Memory.Pin();
        _pins.Add(pin);
        nint address;
        unsafe
        {
            address = (nint)pin.Pointer;
        }
        _names.Add(tensor.Name);
        _weights.Add(OrtValue.CreateTensorValueWithData(
            OrtMemoryInfo.DefaultInstance, (TensorElementType)tensor.DataType, [.. tensor.Dims], address, tensor.RawData.Length));
    }

    static ValueInfoProto Describe(TensorProto tensor)
    {
        var type = new TypeProto.Types.Tensor { ElemType = tensor.DataType, Shape = new TensorShapeProto() };
        type.Shape.Dim.AddRange(tensor.Dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        return new ValueInfoProto { Name = tensor.Name, Type = new TypeProto { TensorType = type } };
    }

    void Release()
    {
        foreach (var w in _weights) w.Dispose();
        foreach (var p in _pins) p.Dispose();
    }
}
