namespace OnnxEdit.Engine.Data.Sources;

/// <summary>A source of items that are numbers already and are taken as they are.</summary>
abstract class ArraySource : DataSource
{
    /// <summary>What to call the array in an error.</summary>
    internal abstract string Name { get; }

    /// <summary>Extents of one item.</summary>
    internal abstract IReadOnlyList<int> ItemShape { get; }

    internal abstract void Read(int index, Span<float> item);
}
