using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Gradients;

/// <summary>
/// A working copy of a model to which gradients can be added as further nodes: folded, of opset 17, composite operators
/// written out, for one batch size. Whatever is added can be differentiated again.
/// </summary>
sealed class DifferentiableModel
{
    ShapeTrace? _trace;

    DifferentiableModel(ModelProto proto, IReadOnlyList<string> weights, IReadOnlyList<NormalisationStatistics> statistics) =>
        (Proto, Weights, Statistics) = (proto, weights, statistics);

    /// <summary>The graph. Who adds nodes to it (a loss, for instance) calls <see cref="Changed"/> afterwards.</summary>
    public ModelProto Proto { get; }

    /// <summary>The trained parameters (<see cref="WeightInputs.Trainable"/>), under the names that the folded model has for them.</summary>
    public IReadOnlyList<string> Weights { get; }

    /// <summary>Normalisations that use the statistics of the batch, in graph order.</summary>
    public IReadOnlyList<NormalisationStatistics> Statistics { get; }

    /// <summary>Shapes of all tensors of the graph as it is now.</summary>
    public ShapeTrace Trace => _trace ??= ShapeTrace.OfFixed(Proto);

    /// <summary>Prepares a copy of a model.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="batch">Number of examples; models with a fixed batch take no other.</param>
    /// <param name="inputShapes">Sizes of symbolic input dimensions other than the batch, by input.</param>
    /// <param name="normalisation">What batch normalisation does.</param>
    /// <exception cref="OnnxSurgeryException">The model cannot be run at this batch, or has a form that cannot be restated.</exception>
    public static DifferentiableModel Prepare(
        ModelProto model, int batch, IReadOnlyDictionary<string, long[]>? inputShapes = null, NormalisationMode normalisation = NormalisationMode.Frozen)
    {
        var copy = model.Clone();
        FixBatch(copy.Graph, batch, inputShapes);
        var normal = NormalisedModel.Create(copy);
        var weights = WeightInputs.Trainable(normal.Proto.Graph);
        if (normalisation == NormalisationMode.Frozen) NormalisationFolding.Apply(normal.Proto.Graph, normal.Trace);
        var statistics = Restatements.Apply(normal.Proto, normal.Trace, normalisation);
        return new DifferentiableModel(normal.Proto, weights, statistics);
    }

    /// <summary>Turns initializers into inputs of the same name, shape and type, in the order given.</summary>
    /// <param name="names">Initializers.</param>
    /// <returns>Their values.</returns>
    /// <exception cref="OnnxSurgeryException">No initializer has that name.</exception>
    public IReadOnlyList<TensorProto> ExposeWeights(IEnumerable<string> names) => WeightInputs.Expose(Proto.Graph, names);

    /// <summary>
    /// Adds nodes that compute the gradient of the sum of a tensor's elements, each times its <paramref name="seed"/>.
    /// </summary>
    /// <param name="of">The tensor to differentiate.</param>
    /// <param name="with">Tensors with respect to which: inputs, initializers or anything between.</param>
    /// <param name="seed">A tensor of the shape of <paramref name="of"/>; ones if null.</param>
    /// <returns>For every tensor of <paramref name="with"/> the name of its gradient, which has its shape.</returns>
    /// <exception cref="OnnxSurgeryException">An operator between has no rule; the message names it and where to cut instead.</exception>
    public IReadOnlyDictionary<string, string> AddGradients(string of, IReadOnlyList<string> with, string? seed = null)
    {
        var result = ReverseWalk.Run(Proto, Trace, of, with, seed);
        Changed();
        return result;
    }

    /// <summary>Says that the graph was changed: shapes are traced again when next needed.</summary>
    public void Changed() => _trace = null;

    /// <summary>A model that returns the given tensors and computes nothing else.</summary>
    public ModelProto Build(params IEnumerable<string> outputs)
    {
        var model = Proto.Clone();
        model.Graph.Output.Clear();
        foreach (var name in outputs) model.Graph.Output.Add(new ValueInfoProto { Name = name });
        ConstantFolding.DropUnread(model.Graph);
        return model;
    }

    static void FixBatch(GraphProto graph, int batch, IReadOnlyDictionary<string, long[]>? inputShapes)
    {
        var inputs = new GraphIndex(graph).Inputs;
        var shapes = new InputShapes(inputs, inputShapes);
        foreach (var input in inputs)
        {
            var dims = input.Type.TensorType.Shape.Dim;
            var shape = shapes.At(input, batch);
            for (var a = 0; a < shape.Length; a++) dims[a].DimValue = shape[a];
        }
        if (!shapes.HasOpenBatch && shapes.FixedBatch != batch)
            throw new OnnxSurgeryException($"The model's batch is fixed at {shapes.FixedBatch}, so that gradients of {batch} examples at once are not to be had; take {shapes.FixedBatch}.");
        // Declared sizes of outputs would contradict the batch.
        foreach (var output in graph.Output) output.Type?.TensorType?.Shape?.Dim.Clear();
        foreach (var output in graph.Output)
            if (output.Type?.TensorType is { } type) type.Shape = null;
    }
}
