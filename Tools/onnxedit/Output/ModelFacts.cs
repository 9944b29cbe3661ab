using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Cli;

/// <summary>What inspect says of a model; the JSON result has these properties.</summary>
sealed record ModelFacts
{
    /// <summary>The file.</summary>
    public required string? Model { get; init; }

    /// <summary>Hash of the file and its external data.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Size of the model with all its tensors.</summary>
    public required long Bytes { get; init; }

    /// <summary>The tool that exported it.</summary>
    public required string Producer { get; init; }

    /// <summary>Version of the file format.</summary>
    public required long IrVersion { get; init; }

    /// <summary>Operator sets, "ai.onnx" for the standard one.</summary>
    public required IReadOnlyDictionary<string, long> Opsets { get; init; }

    /// <summary>Inputs to feed.</summary>
    public required IReadOnlyList<TensorFacts> Inputs { get; init; }

    /// <summary>Weights below the smallest normal number, which slow processors down.</summary>
    public required long Denormals { get; init; }

    /// <summary>Outputs.</summary>
    public required IReadOnlyList<TensorFacts> Outputs { get; init; }

    /// <summary>Learned parameters.</summary>
    public required long Parameters { get; init; }

    /// <summary>Multiply-accumulates for one item; null when the shapes are not known.</summary>
    public required long? Macs { get; init; }

    /// <summary>Number of nodes, those of sub-graphs included.</summary>
    public required int Nodes { get; init; }

    /// <summary>Operators, the commonest first.</summary>
    public required IReadOnlyList<OperatorFacts> Operators { get; init; }

    /// <summary>Channel groups; null when the model cannot be run as it is.</summary>
    public ChannelGroupFacts? Channels { get; init; }

    /// <summary>Edits the model has been through, oldest first.</summary>
    public required IReadOnlyList<HistoryEntry> History { get; init; }

    /// <summary>Measured times by channel count, where they are asked for.</summary>
    public object? Alignment { get; init; }

    /// <summary>An input or output.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Type">Its element type.</param>
    /// <param name="Shape">Its shape, open extents by name.</param>
    internal sealed record TensorFacts(string Name, string Type, string Shape);

    /// <summary>All nodes of one operator.</summary>
    /// <param name="Op">The operator.</param>
    /// <param name="Nodes">Number of nodes.</param>
    /// <param name="Parameters">Their parameters.</param>
    /// <param name="Macs">Their multiply-accumulates; null when a shape is not known.</param>
    internal sealed record OperatorFacts(string Op, int Nodes, long Parameters, long? Macs);

    /// <summary>How many channel groups there are; explain lists them.</summary>
    /// <param name="Prunable">Groups of which channels may be removed.</param>
    /// <param name="Locked">Groups that must stay whole.</param>
    /// <param name="PrunableChannels">Channels that may be removed.</param>
    internal sealed record ChannelGroupFacts(int Prunable, int Locked, int PrunableChannels);

    /// <summary>Collects the facts.</summary>
    internal static ModelFacts Of(OnnxModel model, ShapeTrace? trace)
    {
        var proto = model.Proto;
        var counts = trace is null ? ModelCounts.Of(proto) : ModelCounts.Of(proto, trace.Sizes);
        return new ModelFacts
        {
            Model = model.Path,
            Sha256 = model.Sha256,
            Bytes = counts.Bytes,
            Producer = $"{proto.ProducerName} {proto.ProducerVersion}".Trim(),
            IrVersion = proto.IrVersion,
            Opsets = proto.OpsetImport.GroupBy(set => set.Domain.Length == 0 ? "ai.onnx" : set.Domain).ToDictionary(sets => sets.Key, sets => sets.First().Version),
            Inputs = [.. new GraphIndex(proto.Graph).Inputs.Select(Describe)],
            Outputs = [.. proto.Graph.Output.Select(Describe)],
            Parameters = counts.Parameters,
            Macs = trace is not null && counts.MacsComplete ? counts.Macs : null,
            Nodes = counts.Nodes.Count,
            Operators = [.. counts.Nodes
                .GroupBy(node => node.Op)
                .Select(nodes => new OperatorFacts(
                    nodes.Key, nodes.Count(), nodes.Sum(node => node.Parameters), nodes.All(node => node.Macs is not null) ? nodes.Sum(node => node.Macs) : null))
                .OrderByDescending(op => op.Nodes)
                .ThenBy(op => op.Op, StringComparer.Ordinal)],
            Denormals = Surgery.Model.Denormals.Count(proto),
            History = ModelHistory.Read(proto),
        };
    }

    static TensorFacts Describe(ValueInfoProto value)
    {
        var tensor = DeclaredTensor.Of(value);
        return new TensorFacts(tensor.Name, tensor.TypeName, tensor.ToString());
    }
}
