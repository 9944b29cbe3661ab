using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Edits;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Training;
using OnnxEdit.Engine.Training.Rules;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;

namespace OnnxEdit.Engine.Editing;

/// <summary>
/// The layers that gradient steps edit, and the suffix of the model: all that depends on them. What lies before is run once
/// per image; an edit, and what is measured after it, needs the suffix only.
/// </summary>
sealed class EditScope : IDisposable
{
    const int Batch = 64;

    readonly NormalisedModel _model;
    readonly BatchRunner? _trunk;
    readonly int[] _shape;
    readonly int _batch;

    EditScope(NormalisedModel model, IReadOnlyList<string> weights, CutParts? parts, int batch)
    {
        (_model, _batch, Weights) = (model, batch, weights);
        Suffix = parts is null ? model : model.Part(parts.Suffix);
        _shape = parts is null ? [] : [.. model.Trace.Shape(parts.Crossing[0]).Skip(1).Select(d => (int)d)];
        // Last: it is to be disposed of, and nothing can fail behind it.
        _trunk = parts is null ? null : new BatchRunner(parts.Trunk);
    }

    /// <summary>Names of the weights that edits change.</summary>
    public IReadOnlyList<string> Weights { get; }

    /// <summary>The model from the last cut before the first of them on; the whole model where there is no such cut.</summary>
    public NormalisedModel Suffix { get; }

    /// <summary>Finds the layers.</summary>
    /// <param name="draft">The edit under way; an extra layer, which changes no answer, is added to its graph.</param>
    /// <param name="layers">
    /// "all" or null; "last", the layer that makes the logits; "extra", a residual layer before it (<see cref="ExtraLayer"/>), added
    /// where the model has none; else parts of the names of nodes, separated by commas, "chain:" before which says nothing more.
    /// </param>
    /// <param name="output">Name of the logits, or null.</param>
    /// <param name="seed">Seed of an extra layer.</param>
    /// <exception cref="OnnxEngineException">No such layer, or the model does not end in a linear one.</exception>
    public static EditScope Of(EditDraft draft, string? layers, string? output, ulong seed = 0)
    {
        var model = draft.Baseline;
        if (layers == "extra" && ExtraLayer.Weights(model.Proto.Graph).Count == 0)
        {
            model = NormalisedModel.Create(ExtraLayer.Added(model, output, seed), model.InputSizes, model.Trace.Fed);
            draft.Replace(model.Proto);
            draft.MustEqual(draft.Baseline.Proto);
        }
        var graph = model.Proto.Graph;
        var signature = ClassifierSignature.Of(model.Proto, output);
        var weights = layers switch
        {
            null or "all" => WeightInputs.Trainable(graph),
            "extra" => ExtraLayer.Weights(graph),
            "last" => [.. LastLayer.Of(model, signature.LogitsName).RequireDirect().Unit.Node.Input.Skip(1).Where(i => i.Length > 0)],
            _ => TrainedLayers.Named(model, [.. layers.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Part)]),
        };
        var edited = weights.ToHashSet();
        return new EditScope(model, weights, TrunkCut.Before(model, signature, n => n.Input.Any(edited.Contains)), signature.FixedBatch ?? Batch);
    }

    /// <summary>What the suffix takes of images.</summary>
    public ItemSet Read(ItemSet images, CancellationToken cancellation) =>
        _trunk is null ? images : new TrunkItemSet(images, _model.Index, _trunk, _shape, _batch).Kept(cancellation);

    /// <summary>Numbers that <see cref="Read"/> keeps of an image.</summary>
    public long Kept(ItemSet images) => _trunk is null ? images.ItemLength : _shape.Aggregate(1L, (a, b) => a * b);

    /// <summary>A copy of the whole graph with the given weights.</summary>
    public ModelProto Edited(IEnumerable<TrainedWeight> weights)
    {
        var copy = _model.Proto.Clone();
        foreach (var w in weights) TensorData.SetFloats(copy.Graph.Initializer.First(t => t.Name == w.Name), w.Values);
        return copy;
    }

    /// <inheritdoc/>
    public void Dispose() => _trunk?.Dispose();

    static string Part(string word) => word switch
    {
        "chain" or "chain:" => throw new OnnxEngineException(ErrorKind.Usage, "Say which layers the chain has, by a part of their names: chain:NAME, such as chain:layer3."),
        _ => word.StartsWith("chain:", StringComparison.Ordinal) ? word[6..] : word,
    };
}
