using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Edits;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Editing.Editors;

/// <summary>What edits stand on.</summary>
/// <param name="Draft">The edit under way.</param>
/// <param name="Data">Images whose answers should stay, and test images; null: there are none.</param>
/// <param name="Requests">What to edit.</param>
/// <param name="Options">How.</param>
/// <param name="Input">What the model takes.</param>
/// <param name="Progress">Told of every step.</param>
/// <param name="Cancellation">Stops between batches.</param>
sealed record EditGround(
    EditDraft Draft, ModelData? Data, IReadOnlyList<EditRequest> Requests, EditOptions Options, InputGeometry Input, IProgress<WorkProgress>? Progress, CancellationToken Cancellation)
{
    /// <summary>Images whose answers should stay.</summary>
    /// <exception cref="OnnxEngineException">There are none (<see cref="ErrorKind.Data"/>).</exception>
    public ItemSet Kept => Data?.Calibration ?? throw new OnnxEngineException(ErrorKind.Data,
        "Nothing says which answers should stay: give images with DataOptions.Path (labels are not needed), or use a gradient editor, e.g. EditOptions.Editor = rmsprop.");

    /// <summary>The image of a request, alone.</summary>
    public static ItemSet Image(EditRequest request) => request.Images.Select([request.Index]);
}
