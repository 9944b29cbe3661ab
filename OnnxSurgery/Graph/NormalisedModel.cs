using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Graph;

/// <summary>
/// A copy of a model with functions and branches that are decided inlined, lists of tensors taken apart, constants and shapes folded, and its traced shapes: what every analysis and edit starts
/// from. ONNX Runtime's own "optimised model" is not used, because it fuses nodes and the user's graph must keep
/// its own shape.
/// </summary>
sealed class NormalisedModel
{
    NormalisedModel(ModelProto proto, ShapeTrace trace, IReadOnlyDictionary<string, NodeProto> fills) =>
        (Proto, Trace, Fills, Index) = (proto, trace, fills, new GraphIndex(proto.Graph));

    /// <summary>The folded copy.</summary>
    public ModelProto Proto { get; }

    /// <summary>Traced shapes of <see cref="Proto"/>.</summary>
    public ShapeTrace Trace { get; }

    /// <summary>ConstantOfShape nodes that are initializers here, for <see cref="ConstantFills.Restore"/>.</summary>
    public IReadOnlyDictionary<string, NodeProto> Fills { get; }

    /// <summary>Index of <see cref="Proto"/>.</summary>
    public GraphIndex Index { get; }

    /// <summary>Shapes of the inputs as they were traced, -1 for the batch: what to trace changed copies at.</summary>
    public IReadOnlyDictionary<string, long[]> InputSizes => Index.Inputs.ToDictionary(
        input => input.Name, input => Trace.Shape(input.Name).Select((extent, axis) => axis == Trace.BatchAxis(input.Name) ? -1 : extent).ToArray());

    /// <summary>The same with a graph of its own, to be worked on.</summary>
    internal NormalisedModel Copy() => new(Proto.Clone(), Trace, Fills);

    /// <summary>A part of the graph, cut out with the names it has here, as a model of its own: folded and traced already.</summary>
    internal NormalisedModel Part(ModelProto part) => new(part, Trace, Fills);

    /// <summary>This model after a change that adds tensors as large as known ones: folded and traced already.</summary>
    /// <param name="changed">The changed graph.</param>
    /// <param name="like">Known tensors by the new ones.</param>
    internal NormalisedModel Changed(ModelProto changed, IEnumerable<KeyValuePair<string, string>> like) => new(changed, Trace.With(changed, like), Fills);

    /// <summary>Traces a copy of a model and folds nothing.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="inputShapes">Sizes of symbolic input dimensions, see <see cref="ShapeTrace.Run"/>.</param>
    /// <exception cref="OnnxSurgeryException">The model cannot be run.</exception>
    internal static NormalisedModel Unfolded(ModelProto model, IReadOnlyDictionary<string, long[]>? inputShapes = null)
    {
        var copy = model.Clone();
        return new NormalisedModel(copy, ShapeTrace.Run(copy, inputShapes), new Dictionary<string, NodeProto>());
    }

    /// <summary>Folds and traces a copy of a model.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="inputShapes">Sizes of symbolic input dimensions, see <see cref="ShapeTrace.Run"/>.</param>
    /// <param name="examples">Values of one example for inputs of integers and truth values, see <see cref="ShapeTrace.Run"/>.</param>
    /// <exception cref="OnnxSurgeryException">The model cannot be run.</exception>
    public static NormalisedModel Create(ModelProto model, IReadOnlyDictionary<string, long[]>? inputShapes = null, IReadOnlyDictionary<string, float[]>? examples = null)
    {
        var copy = model.Clone();
        copy.Graph.ValueInfo.Clear();
        FunctionInlining.Apply(copy);
        BlockTables.Write(copy);
        ConstantFolding.Apply(copy);
        BranchInlining.Settle(copy);
        var fills = ConstantFills.Expand(copy);
        var trace = ShapeTrace.Run(copy, inputShapes, examples);
        if (SequenceLowering.Apply(copy, trace)) trace = ShapeTrace.Run(copy, inputShapes, examples);
        // Sizes decide branches, and branches that are gone leave sizes known.
        while (ShapeFolding.Apply(copy, trace))
        {
            var inlined = BranchInlining.Settle(copy);
            trace = ShapeTrace.Run(copy, inputShapes, examples);
            if (!inlined) break;
        }
        if (BatchConstantFolding.Apply(copy, trace)) trace = ShapeTrace.Run(copy, inputShapes, examples);
        return new NormalisedModel(copy, trace, fills);
    }
}
