using System.Numerics.Tensors;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Editing.Editors;

/// <summary>Edits of some images by one editor; what they share is computed once.</summary>
/// <param name="ground">The model and the images.</param>
abstract class ImageEdits(EditGround ground) : IDisposable
{
    /// <summary>The model and the images.</summary>
    protected EditGround Ground { get; } = ground;

    /// <summary>Edits all images together.</summary>
    /// <returns>The graph, how each edit came out, and one sentence on what was done.</returns>
    public abstract (ModelProto Graph, EditOutcome[] Outcomes, string Basis) Together();

    /// <summary>Reads the images on which <see cref="Alone"/> says what classes an edit leaves.</summary>
    public abstract void Watch(ItemSet test);

    /// <summary>Edits one image, from the model as given.</summary>
    /// <param name="request">Its number.</param>
    public abstract SingleEdit Alone(int request);

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>Fraction of the unseen views of an image that have the class asked for; null for what is no picture.</summary>
    /// <param name="request">The image.</param>
    /// <param name="logits">Logits of views after the edit.</param>
    protected double? Following(EditRequest request, Func<ItemSet, float[][]> logits)
    {
        var image = EditGround.Image(request);
        return !ImageViews.Applies(image) ? null
            : logits(new ImageViews(image, Ground.Input, ImageView.Unseen)).Count(z => TensorPrimitives.IndexOfMax<float>(z) == request.Label) / (double)ImageView.Unseen.Count;
    }
}

/// <summary>An edit made alone.</summary>
/// <param name="Outcome">How it came out.</param>
/// <param name="Predicted">Classes of the test images afterwards.</param>
/// <param name="Seconds">Time of the edit, what was read once for all not counted.</param>
/// <param name="Generality">Fraction of the unseen views of the image that follow; null for what is no picture.</param>
sealed record SingleEdit(EditOutcome Outcome, int[] Predicted, double Seconds, double? Generality);
