namespace OnnxEdit.Engine.Editing.Editors;

/// <summary>All ways to give images other classes.</summary>
static class ImageEditors
{
    /// <summary>The rows; a new editor is one more.</summary>
    public static Choices<EditorRow> Table { get; } = new(
        "editor",
        PatchEdits.Row,
        LastLayerEdits.Row,
        GradientEdits.Gd,
        GradientEdits.ScaledGd,
        GradientEdits.RProp,
        GradientEdits.RmsProp,
        GradientEdits.Momentum,
        GradientEdits.Adam);
}
