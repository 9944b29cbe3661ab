using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Graph;

/// <summary>
/// Before IR version 4 every initializer is listed as an input, and is a constant all the same. What folding adds is not
/// listed, which those versions do not allow.
/// </summary>
static class ListedInitializers
{
    const int FirstUnlisted = 4;

    /// <summary>
    /// Raises the IR version of a model that has initializers which are no inputs. Those that are listed leave the list, since
    /// from that version on it says that the caller may give others. Changes the model in place.
    /// </summary>
    public static void Settle(ModelProto model)
    {
        if (model.IrVersion >= FirstUnlisted) return;
        var listed = model.Graph.Input.Select(i => i.Name).ToHashSet();
        var stored = model.Graph.Initializer.Select(t => t.Name).ToHashSet();
        if (stored.IsSubsetOf(listed)) return;
        model.IrVersion = FirstUnlisted;
        for (var i = model.Graph.Input.Count - 1; i >= 0; i--)
            if (stored.Contains(model.Graph.Input[i].Name)) model.Graph.Input.RemoveAt(i);
    }
}
