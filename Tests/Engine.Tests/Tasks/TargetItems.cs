using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Targets;

namespace OnnxEdit.Engine.Tests;

/// <summary>Items of which only the labels matter.</summary>
sealed class TargetItems(params ItemTarget?[] targets) : ItemSet
{
    public override int Count => targets.Length;

    public override IReadOnlyList<int> ItemShape => [1];

    public override int Label(int index) => -1;

    internal override ItemTarget? Target(int index) => targets[index];

    public override void Fill(int start, int count, Span<float> destination) => destination[..count].Clear();
}
