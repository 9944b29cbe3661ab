using OnnxEdit.Engine.Edits;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Deployment;

/// <summary>
/// Opens the batch of a model that was exported with a batch of 1: the first extent of inputs and outputs gets a name,
/// declared shapes of inner tensors are dropped, and a Reshape to [1, ...] keeps its first extent open. Whether the graph
/// then really computes every row by itself is for <see cref="BatchCheck"/> to say.
/// </summary>
static class DynamicBatch
{
    const string BatchName = "batch";

    /// <summary>A batch to run the rewritten model at.</summary>
    const int Items = 3;

    /// <summary>The rewritten model, equal to the given one at a batch of 1, and running at another.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="inputShapes">Sizes of other open extents, by input.</param>
    /// <exception cref="OnnxEngineException">The first extents are not all 1 or open (<see cref="ErrorKind.Model"/>), or the result is another model (<see cref="ErrorKind.VerificationFailed"/>).</exception>
    internal static OnnxModel Open(OnnxModel model, IReadOnlyDictionary<string, long[]>? inputShapes)
    {
        // An If whose condition follows from declared sizes may ask for them; it goes by folding, which else is left alone.
        var draft = model.Proto.Graph.Node.Any(BranchInlining.IsIf) ? EditDraft.Of(model, inputShapes) : EditDraft.Unfolded(model, inputShapes);
        draft.Replace(Rewrite(draft.Baseline.Proto));
        draft.MustEqual(draft.Baseline.Proto);
        return draft.Finish(_ => new HistoryEntry
        {
            Command = "deploy",
            Options = new Dictionary<string, string> { ["dynamic-batch"] = "true" },
            Versions = EngineVersions.Current,
            SourceSha256 = model.Sha256,
        }, RunSignature.Of(draft.Baseline).WithBatch(Items));
    }

    /// <summary>The rewritten model; the given one is not changed.</summary>
    /// <exception cref="OnnxEngineException">The first extents are not all 1 or open (<see cref="ErrorKind.Model"/>).</exception>
    public static ModelProto Rewrite(ModelProto model)
    {
        var copy = model.Clone();
        var graph = copy.Graph;
        var index = new GraphIndex(graph);
        foreach (var value in index.Inputs.Concat(graph.Output))
        {
            var dims = value.Type?.TensorType?.Shape?.Dim;
            if (dims is null or { Count: 0 }) throw Unsuitable($"'{value.Name}' has no declared shape with a batch");
            if (dims[0] is { HasDimValue: true, DimValue: not 1 }) throw Unsuitable($"the first extent of '{value.Name}' is {dims[0].DimValue}");
            if (dims[0].HasDimValue) dims[0] = new TensorShapeProto.Types.Dimension { DimParam = BatchName };
        }
        graph.ValueInfo.Clear();
        foreach (var node in graph.Node)
            if (node.OpType == "Reshape" && node.Domain.Length == 0) OpenReshape(graph, index, node);
        return copy;
    }

    // [1, a, b] becomes [-1, a, b]; [1, -1] becomes [0, -1], where 0 copies the extent that is there.
    static void OpenReshape(GraphProto graph, GraphIndex index, NodeProto node)
    {
        var source = index.Producer(node.Input[1]);
        var target = index.Initializer(node.Input[1]) ?? (source?.OpType == "Constant" ? source.Attribute.FirstOrDefault(a => a.Name == "value")?.T : null);
        if (target is null) return;
        var shape = TensorData.Integers(target);
        if (shape.Length == 0 || shape[0] != 1) return;
        shape[0] = shape.Contains(-1) ? 0 : -1;
        var name = $"{node.Output[0]}.{BatchName}-shape";
        graph.Initializer.Add(TensorData.FromIntegers(name, [shape.Length], shape));
        node.Input[1] = name;
    }

    static OnnxEngineException Unsuitable(string why) =>
        new(ErrorKind.Model, $"The batch cannot be opened: {why}; DeployOptions.OpenBatch takes models that were exported with a batch of 1.");
}
