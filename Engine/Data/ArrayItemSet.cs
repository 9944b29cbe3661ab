using OnnxEdit.Engine.Data.Sources;
using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data;

/// <summary>Arrays that are model inputs already; their shape must be the model's, give or take axes of extent 1.</summary>
sealed class ArrayItemSet : ItemSet
{
    readonly ArraySource _source;
    readonly int[] _itemShape;

    internal ArrayItemSet(ArraySource source, InputGeometry input)
    {
        _source = source;
        _itemShape = Fit(source.ItemShape, input.ItemShape) ?? throw new OnnxEngineException(
            ErrorKind.Data,
            $"'{source.Name}' has items of shape [{string.Join(", ", source.ItemShape)}] but the model takes [{string.Join(", ", input.ItemShape.Select(extent => extent < 0 ? "?" : $"{extent}"))}]; transpose or resize the array.");
    }

    public override int Count => _source.Count;

    public override IReadOnlyList<int> ItemShape => _itemShape;

    public override int Label(int index) => _source.Label(index);

    internal override ItemTarget? Target(int index) => _source.Target(index);

    public override void Fill(int start, int count, Span<float> destination)
    {
        CheckRange(start, count, destination);
        var length = ItemLength;
        for (var index = 0; index < count; index++)
            _source.Read(start + index, destination.Slice(index * length, length));
    }

    /// <summary>The shape the items take in the model, or null when the order of elements could differ.</summary>
    static int[]? Fit(IReadOnlyList<int> item, IReadOnlyList<int> model)
    {
        if (item.Count == model.Count && item.Zip(model).All(pair => pair.Second < 0 || pair.First == pair.Second))
            return [.. item];
        var isKnown = model.All(extent => extent > 0);
        if (!isKnown || item.Aggregate(1L, (a, b) => a * b) != model.Aggregate(1L, (a, b) => a * b))
            return null;
        // Flat on either side, or the same but for axes of extent 1: the elements lie in the same order.
        var isFlat = item.Count == 1 || model.Count == 1;
        return isFlat || item.Where(extent => extent != 1).SequenceEqual(model.Where(extent => extent != 1)) ? [.. model] : null;
    }
}
