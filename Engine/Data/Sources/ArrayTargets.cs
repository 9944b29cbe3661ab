using OnnxEdit.Engine.Data.Arrays;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Sources;

/// <summary>Labels of array items beyond a class: floats are what the model should return, whole numbers of each pixel are masks.</summary>
sealed class ArrayTargets
{
    readonly NpyArray _array;
    readonly float[] _values;
    readonly byte[]? _classes;
    readonly int _height, _width;

    ArrayTargets(NpyArray array, string name)
    {
        _array = array;
        _values = NpyElements.IsInteger(array.Type) ? [] : array.ToSingles();
        if (!NpyElements.IsInteger(array.Type)) return;
        int[] extents = [.. array.Shape.Skip(1)];
        if (extents.Length == 3) extents = extents[0] == 1 ? extents[1..] : extents[2] == 1 ? extents[..2] : extents;
        if (extents.Length != 2) throw new OnnxEngineException(ErrorKind.Data, $"The masks of '{name}' are [{string.Join(", ", array.Shape)}]; they need the class of each pixel, [N, height, width].");
        (_height, _width) = (extents[0], extents[1]);
        // What counts for nothing is written as 255 or as a negative number.
        _classes = Array.ConvertAll(array.ToInt64s(), value => value is < 0 or MaskTarget.Ignored ? MaskTarget.Ignored : value < MaskTarget.Ignored ? (byte)value
            : throw new OnnxEngineException(ErrorKind.Data, $"The masks of '{name}' hold {value}; classes of pixels go from 0 to 254, and 255 counts for nothing."));
        if (Array.TrueForAll(_classes, value => value is 0 or MaskTarget.Ignored) && Array.Exists(_classes, value => value == MaskTarget.Ignored))
            throw new OnnxEngineException(ErrorKind.Data, $"The masks of '{name}' hold 0 and 255 only, and 255 counts for nothing; write 1 for the second class.");
    }

    /// <summary>Reads labels.</summary>
    /// <param name="array">The labels, the first axis counting items; null: none.</param>
    /// <param name="count">Number of items.</param>
    /// <param name="name">What to call the items in an error.</param>
    /// <returns>Null for whole numbers, one per item: these are classes.</returns>
    /// <exception cref="OnnxEngineException">They do not fit the items, or are no classes (<see cref="ErrorKind.Data"/>).</exception>
    public static ArrayTargets? Of(NpyArray? array, int count, string name)
    {
        if (array is null || NpyElements.IsInteger(array.Type) && array.Shape.Count < 3) return null;
        return array.Shape.Count > 0 && array.Shape[0] == count ? new ArrayTargets(array, name)
            : throw new OnnxEngineException(ErrorKind.Data, $"The labels of '{name}' are [{string.Join(", ", array.Shape)}], but the first axis must count its {count} items.");
    }

    /// <summary>The label of an item.</summary>
    public ItemTarget this[int index]
    {
        get
        {
            if (_classes is not null) return new MaskTarget(_width, _height, _classes.AsSpan(index * _height * _width, _height * _width).ToArray());
            var length = _values.Length / _array.Shape[0];
            return new ValuesTarget(new ArraySegment<float>(_values, index * length, length));
        }
    }

    /// <summary>Refuses masks of another size than the pictures.</summary>
    /// <param name="item">Extents of an item.</param>
    /// <param name="layout">Where the model's channels stand, if those of the items could stand first or last.</param>
    /// <param name="name">What to call the items.</param>
    public void Check(IReadOnlyList<int> item, PixelLayout layout, string name)
    {
        if (_classes is null) return;
        var (canFirst, canLast) = item.Count == 3 ? (item[0] is 1 or 3 or 4, item[2] is 1 or 3 or 4) : (false, true);
        var rows = canFirst == canLast ? layout == PixelLayout.Nchw ? 1 : 0 : canFirst ? 1 : 0;
        if (item.Count is 2 or 3 && (item[rows], item[rows + 1]) == (_height, _width)) return;
        throw new OnnxEngineException(ErrorKind.Data, $"The masks of '{name}' are {_height}x{_width}, but its items are [{string.Join(", ", item)}]; masks need the height and width of their pictures.");
    }
}
