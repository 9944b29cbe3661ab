using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Editing;

/// <summary>Patches for some images of a model: the trunk is run once, edits then need features only.</summary>
sealed class PatchWork : IDisposable
{
    /// <summary>Rounds of adjusting neurons to each other, the steps of an edit.</summary>
    public const int Rounds = 10;

    readonly NormalisedModel _model;
    readonly LastLayer _layer;
    readonly PatchEditor _editor;
    readonly (float[][] Features, float[][] Logits, int Label)[] _edits;

    PatchWork(NormalisedModel model, LastLayer layer, FeatureReader trunk, PatchEditor editor, (float[][] Features, float[][] Logits, int Label)[] edits) =>
        (_model, _layer, Trunk, _editor, _edits) = (model, layer, trunk, editor, edits);

    /// <summary>What comes before the layer that is patched.</summary>
    public FeatureReader Trunk { get; }

    /// <summary>Runs the trunk over what is to be edited and what is to stay.</summary>
    /// <param name="model">The folded model; not changed.</param>
    /// <param name="others">Images whose answers should stay; labels are not needed.</param>
    /// <param name="requests">What to edit.</param>
    /// <param name="options">Whether views follow.</param>
    /// <param name="progress">Told of images done.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <exception cref="OnnxEngineException">The model does not end in a linear layer, or there are too few images.</exception>
    public static PatchWork Prepare(
        NormalisedModel model, ItemSet others, IReadOnlyList<EditRequest> requests, EditOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        if (model.Proto.OpsetImport.FirstOrDefault(o => o.Domain is "" or "ai.onnx") is { Version: < 7 } old)
            throw new OnnxEngineException(ErrorKind.Model, $"The model is of opset {old.Version}, and patches are written for 7 and later; use EditOptions.Editor = last, or export it anew.");
        var signature = ClassifierSignature.Of(model.Proto, options.Evaluation.Output);
        var layer = LastLayer.Of(model, signature.LogitsName).RequireDirect();
        if (model.Trace.Shape(layer.Logits).Length != 2)
            throw new OnnxEngineException(ErrorKind.Model, $"The logits '{layer.Logits}' have extents behind the classes, which a patch does not fit; use EditOptions.Editor = last.");
        var trunk = FeatureReader.Of(model.Proto, layer, options.Evaluation.Output);
        try
        {
            var editor = PatchEditor.Of(trunk.Read(others, progress, cancellation).Features);
            var edits = requests.Select(r =>
            {
                var image = r.Images.Select([r.Index]);
                var (features, logits) = trunk.Read(options.Views && ImageViews.Applies(image) ? new ImageViews(image, signature.Input, ImageView.Edited) : image, null, cancellation);
                return (features, logits, r.Label);
            }).ToArray();
            return new PatchWork(model, layer, trunk, editor, edits);
        }
        catch
        {
            trunk.Dispose();
            throw;
        }
    }

    /// <summary>Neurons for some of the requests, together.</summary>
    public (PatchNeuron[] Neurons, EditOutcome[] Outcomes) Edit(params IEnumerable<int> requests)
    {
        var (neurons, outcomes) = _editor.Edit([.. requests.Select(r => _edits[r])], Rounds);
        return ([.. neurons.OfType<PatchNeuron>()], outcomes);
    }

    /// <summary>A copy of the model's graph with neurons added.</summary>
    public ModelProto Patched(PatchNeuron[] neurons)
    {
        var copy = _model.Proto.Clone();
        if (neurons.Length > 0)
            PatchLayer.Add(copy.Graph, _layer.Features, _model.Trace.Shape(_layer.Features).Length == 2, _layer.Logits, neurons, _edits[0].Logits[0].Length, (DataType)_model.Trace.ElementType(_layer.Features));
        return copy;
    }

    /// <inheritdoc/>
    public void Dispose() => Trunk.Dispose();
}
