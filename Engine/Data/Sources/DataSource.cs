using OnnxEdit.Engine.Data.Targets;

namespace OnnxEdit.Engine.Data.Sources;

/// <summary>Labelled or unlabelled items as they lie in files, before any preprocessing. Safe for concurrent use.</summary>
abstract class DataSource
{
    internal abstract int Count { get; }

    /// <summary>The label in the data's own numbering, -1 for none.</summary>
    internal abstract int Label(int index);

    /// <summary>What the data says of an item beyond a class; null: nothing.</summary>
    internal virtual ItemTarget? Target(int index) => null;
}
