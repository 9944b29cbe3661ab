using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Editing;
using OnnxEdit.Engine.Linear;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Tasks;

/// <summary>
/// The last linear layer of a classifier and what it reads, the features. Everything before it, the trunk, is run once for
/// images that many edits are measured on.
/// </summary>
sealed class LastLayer
{
    readonly OnnxModel _model;
    readonly string? _output;

    LastLayer(OnnxModel model, string? output, LinearUnit unit, string logits) =>
        (_model, _output, Unit, Logits) = (model, output, unit, logits);

    /// <summary>The layer.</summary>
    public LinearUnit Unit { get; }

    /// <summary>Name of the logits; the layer makes them, or a sum of it and earlier patches.</summary>
    public string Logits { get; }

    /// <summary>Name of the features.</summary>
    public string Features => Unit.Input;

    /// <summary>Finds the head.</summary>
    /// <param name="source">The model as given, for its form.</param>
    /// <param name="model">The folded model.</param>
    /// <param name="output">Name of the logits, or null.</param>
    /// <exception cref="OnnxEngineException">The logits are not made by a linear layer with weights of its own.</exception>
    public static LastLayer Of(OnnxModel source, NormalisedModel model, string? output)
    {
        var logits = ClassifierSignature.Of(source.Proto, output).LogitsName;
        if (Find(model, model.Index.Producer(logits)) is not { IsConv: false } unit || model.Trace.Shape(unit.Input).Length != 2)
            throw new OnnxEngineException(ErrorKind.Model,
                $"The logits '{logits}' are not made by a linear layer with weights of its own, made by '{model.Index.Producer(logits)?.OpType ?? "nothing"}' as they are; edit by gradient steps instead (--editor rmsprop).");
        return new LastLayer(source.With(model.Proto), output, unit, logits);
    }

    // Patches of earlier edits are added to the layer's output; they are not the layer.
    static LinearUnit? Find(NormalisedModel model, NodeProto? node) => node switch
    {
        null => null,
        { OpType: "Gemm" or "MatMul" } => PatchLayer.IsPatch(node) ? null : LinearUnit.Of(node, model.Proto.Graph, model.Index),
        { OpType: "Add" } => node.Input.Select(i => Find(model, model.Index.Producer(i))).FirstOrDefault(u => u is not null),
        _ => null,
    };

    /// <summary>Features and logits of images, a row each.</summary>
    /// <param name="images">The images.</param>
    /// <param name="progress">Told how many are done.</param>
    /// <param name="cancellation">Stops between batches.</param>
    public (float[][] Features, float[][] Logits) Read(ItemSet images, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        var (features, logits) = (new float[images.Count][], new float[images.Count][]);
        using var session = new ClassifierSession(_model, _output, inner: Features);
        session.Run(images, (first, count, values) => Copy(values, first, count, logits), progress, cancellation, (first, count, values) => Copy(values, first, count, features));
        return (features, logits);
    }

    static void Copy(ReadOnlySpan<float> values, int first, int count, float[][] rows)
    {
        var length = values.Length / count;
        for (var i = 0; i < count; i++) rows[first + i] = values.Slice(i * length, length).ToArray();
    }
}
