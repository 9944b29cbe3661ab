using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Editing;

/// <summary>Patches for some images of a model: the trunk is run once, edits then need features only.</summary>
sealed class PatchWork
{
    /// <summary>Rounds of adjusting neurons to each other, the steps of an edit.</summary>
    public const int Rounds = 10;

    readonly OnnxModel _source;
    readonly NormalisedModel _model;
    readonly PatchEditor _editor;
    readonly (float[][] Features, float[][] Logits, int Label)[] _edits;

    PatchWork(OnnxModel source, NormalisedModel model, LastLayer head, PatchEditor editor, (float[][] Features, float[][] Logits, int Label)[] edits) =>
        (_source, _model, Head, _editor, _edits) = (source, model, head, editor, edits);

    /// <summary>Where the model is patched.</summary>
    public LastLayer Head { get; }

    /// <summary>Runs the trunk over what is to be edited and what is to stay.</summary>
    /// <param name="source">The model.</param>
    /// <param name="model">The same, folded.</param>
    /// <param name="others">Images whose answers should stay; labels are not needed.</param>
    /// <param name="requests">What to edit.</param>
    /// <param name="options">Whether views follow.</param>
    /// <param name="progress">Told of images done.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <exception cref="OnnxEngineException">The model does not end in a linear layer, or there are too few images.</exception>
    public static PatchWork Prepare(
        OnnxModel source, NormalisedModel model, ItemSet others, IReadOnlyList<EditRequest> requests, EditOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        if (source.Proto.OpsetImport.FirstOrDefault(o => o.Domain is "" or "ai.onnx") is { Version: < 7 } old)
            throw new OnnxEngineException(ErrorKind.Model, $"The model is of opset {old.Version}, and patches are written for 7 and later; use --editor last, or export it anew.");
        var head = LastLayer.Of(source, model, options.Evaluation.Output);
        var editor = PatchEditor.Of(head.Read(others, progress, cancellation).Features);
        var input = ClassifierSignature.Of(source.Proto, options.Evaluation.Output).Input;
        var edits = requests.Select(r =>
        {
            var image = r.Images.Select([r.Index]);
            var (features, logits) = head.Read(options.Views && ImageViews.Applies(image) ? new ImageViews(image, input, ImageView.Edited) : image, null, cancellation);
            return (features, logits, r.Label);
        }).ToArray();
        return new PatchWork(source, model, head, editor, edits);
    }

    /// <summary>Neurons for some of the requests, together.</summary>
    public (PatchNeuron[] Neurons, EditOutcome[] Outcomes) Edit(params IEnumerable<int> requests)
    {
        var (neurons, outcomes) = _editor.Edit([.. requests.Select(r => _edits[r])], Rounds);
        return ([.. neurons.OfType<PatchNeuron>()], outcomes);
    }

    /// <summary>The model with neurons added.</summary>
    public OnnxModel Patched(PatchNeuron[] neurons)
    {
        var copy = _model.Proto.Clone();
        if (neurons.Length > 0)
            PatchLayer.Add(copy.Graph, Head.Features, Head.Logits, neurons, _edits[0].Logits[0].Length, (DataType)_model.Trace.ElementType(Head.Features));
        ConstantFills.Restore(copy.Graph, _model.Fills);
        return _source.With(copy);
    }
}
