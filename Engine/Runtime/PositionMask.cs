using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Runtime;

/// <summary>
/// Which positions of items that are sequences are padding, as the attention mask among the model's inputs says. What a layer
/// shows there means nothing, and counts in no sum.
/// </summary>
sealed class PositionMask
{
    readonly ItemSet _mask;
    readonly int _rows;
    readonly int _length;

    PositionMask(ItemSet mask, int rows, int length) => (_mask, _rows, _length) = (mask, rows, length);

    /// <summary>The mask of some items; null where the model has no input for it, or no item has padding.</summary>
    /// <param name="model">The model.</param>
    /// <param name="layout">What its items look like.</param>
    /// <param name="items">The items as its inputs take them.</param>
    public static PositionMask? Of(ModelProto model, ItemLayout layout, ModelItems items)
    {
        foreach (var (name, part) in items.Inputs)
        {
            if (!TokenInputs.IsMask(name) || layout.RowShape(name) is not [var rows, var length] || rows * length != part.ItemLength) continue;
            var mask = new PositionMask(part, (int)rows, (int)length);
            return Enumerable.Range(0, part.Count).Any(item => mask.Of(item).Contains(false)) ? mask : null;
        }
        return null;
    }

    /// <summary>Number of positions of an item; 0 where an item is several rows of them.</summary>
    public int Length => _rows == 1 ? _length : 0;

    /// <summary>Whether values of an item of this shape lie along positions.</summary>
    public bool Covers(long[] rowShape) => Axis(rowShape) >= 0;

    /// <summary>The share of the positions of some items that are no padding.</summary>
    public double Share(int items) => Enumerable.Range(0, items).Sum(item => (double)Of(item).Count(isReal => isReal)) / ((double)items * _rows * _length);

    /// <summary>The positions of an item: true where there is no padding.</summary>
    public bool[] Of(int item)
    {
        var values = new float[_rows * _length];
        _mask.Fill(item, 1, values);
        return Array.ConvertAll(values, value => value != 0);
    }

    /// <summary>Sets what some items of a tensor show at padding to 0.</summary>
    /// <param name="values">The items, one after the other.</param>
    /// <param name="rowShape">Shape of one.</param>
    /// <param name="first">Number of the first.</param>
    /// <param name="count">Number of items.</param>
    public void Blank(Span<float> values, long[] rowShape, int first, int count)
    {
        if (!Covers(rowShape)) return;
        var length = values.Length / count;
        for (var item = 0; item < count; item++)
        {
            var weights = Weights(rowShape, first + item, 1);
            var inner = length / weights.Length;
            for (var p = 0; p < weights.Length; p++)
                if (weights[p] == 0) values.Slice(item * length + p * inner, inner).Clear();
        }
    }

    /// <summary>1 at real positions and 0 at padding for each index along the axes of a shape up to that of the positions; 1 for all where it has none.</summary>
    /// <param name="rowShape">Shape of an item, e.g. [1, positions, channels] or [1, heads, positions, size].</param>
    /// <param name="first">Number of the first item.</param>
    /// <param name="count">Number of items.</param>
    public float[] Weights(long[] rowShape, int first, int count)
    {
        var axis = Axis(rowShape);
        var each = (int)rowShape.Take(axis < 0 ? rowShape.Length : axis + 1).Aggregate(1L, (a, b) => a * b);
        var weights = new float[count * each];
        for (var item = 0; item < count; item++)
        {
            var isReal = axis < 0 ? null : Of(first + item);
            for (var i = 0; i < each; i++)
                weights[item * each + i] = isReal is null || isReal[axis == 0 ? i : (int)(i / (each / rowShape[0]) * _length + i % _length) % isReal.Length] ? 1 : 0;
        }
        return weights;
    }

    // The axis of the positions: the first one of their number behind that of the items, or the first of all where both are one.
    int Axis(long[] rowShape)
    {
        if (rowShape.Length > 1 && rowShape[0] == _rows && Array.IndexOf(rowShape, _length, 1) is > 0 and var axis) return axis;
        return rowShape.Length > 0 && rowShape[0] == _rows * _length ? 0 : -1;
    }
}
