using OnnxEdit.Engine.Editing.Editors;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Editing;

/// <summary>The step size that a model was trained to be edited with, as its history keeps it.</summary>
static class PractisedStepSize
{
    /// <summary>Name of the result that holds it.</summary>
    public const string Key = "edit-step-size";

    /// <summary>Name of the option that holds the layers it goes with.</summary>
    public const string Layers = "layers";

    /// <summary>The step size, if the model was trained for the editor and layers asked for.</summary>
    public static double? Of(OnnxModel model, EditOptions options) =>
        options.Editor != GradientEdits.RmsProp.Name ? null
        : ModelHistory.Read(model.Proto).LastOrDefault(e => e.Results.ContainsKey(Key)) is { } entry && entry.Options.GetValueOrDefault(Layers) == (options.Layers ?? "all")
            ? entry.Results[Key] : null;
}
