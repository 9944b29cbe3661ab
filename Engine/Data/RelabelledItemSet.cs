using OnnxEdit.Engine.Data.Targets;

namespace OnnxEdit.Engine.Data;

/// <summary>Another set with its labels translated.</summary>
sealed class RelabelledItemSet(ItemSet items, IReadOnlyDictionary<int, int> outputs) : ItemSet
{
    public override int Count => items.Count;

    public override IReadOnlyList<int> ItemShape => items.ItemShape;

    internal override bool IsCostly => items.IsCostly;

    public override int Label(int index) => outputs.GetValueOrDefault(items.Label(index), -1);

    internal override IReadOnlyList<ItemSet> Parts => items.Parts is [var only] && only == items ? [this] : items.Parts;

    internal override ItemTarget? Target(int index) => items.Target(index) is var target && target is ObjectsTarget objects ? objects.Translated(outputs) : target;

    internal override int Together => items.Together;

    public override void Fill(int start, int count, Span<float> destination) => items.Fill(start, count, destination);
}
