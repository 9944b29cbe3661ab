using OnnxEdit.Engine.Data.Arrays;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Sources;

/// <summary>Turns arrays of N items into sources: 8-bit ones are images, all others are taken as they are.</summary>
static class ArrayItems
{
    /// <param name="header">Type and shape of the array; its first axis counts the items.</param>
    /// <param name="records">The elements.</param>
    /// <param name="labels">A label per item: its class, the numbers that the model should return, or the class of each pixel; or null.</param>
    /// <param name="name">What to call the array in an error.</param>
    /// <param name="input">The model's input, which decides which axis of an 8-bit array is the channel.</param>
    /// <param name="targets">Numbers or masks that stand beside classes, or null.</param>
    internal static DataSource Open(NpyHeader header, FileRecords records, NpyArray? labels, string name, InputGeometry input, NpyArray? targets = null)
    {
        if (header.Shape.Count == 0 || header.Shape[0] == 0)
            throw new OnnxEngineException(ErrorKind.Data, $"'{name}' holds no items.");
        if (records.Length < header.ByteLength)
            throw NpyFile.Truncated(name);
        int[] item = [.. header.Shape.Skip(1)];
        var (own, beyond) = Labels(header.Shape[0], labels, targets, name);
        beyond?.Check(item, input.Layout, name);
        return header.Type == "u1"
            ? new Pixels(header.Shape[0], PixelShape(item, input, name), records, own, name, input) { Targets = beyond }
            : new Values(header, item, records, own, name) { Targets = beyond };
    }

    /// <summary>The items of an array, taken as they are whatever its element type.</summary>
    internal static ArraySource Numbers(NpyArray array, string name) => array.Shape.Count > 0 && array.Shape[0] > 0
        ? new Values(new NpyHeader(array.Type, array.Shape, 0), [.. array.Shape.Skip(1)], new FileRecords(array.Memory, name), null, name)
        : throw new OnnxEngineException(ErrorKind.Data, $"'{name}' holds no items.");

    /// <summary>Flat pixels lie as the model has them; for a flat model they are one row.</summary>
    static int[] PixelShape(int[] item, InputGeometry input, string name)
    {
        if (item.Length is 2 or 3)
            return item;
        if (item.Length == 1 && input.Rank == 1)
            return [1, item[0]];
        return item.Length == 1 && input.Rank is 2 or 3 && input.ItemShape.Aggregate(1L, (product, extent) => product * extent) == item[0]
            ? [.. input.ItemShape]
            : throw new OnnxEngineException(
                ErrorKind.Data, $"'{name}' has 8-bit items of shape [{string.Join(", ", item)}], which are no images; save them as [N, height, width, channels] or as float32.");
    }

    /// <summary>Classes of items, and labels beyond them: whole numbers, one per item, are classes under whatever name.</summary>
    /// <param name="count">Number of items.</param>
    /// <param name="labels">A label per item, or null.</param>
    /// <param name="targets">Numbers or masks that stand beside classes, or null.</param>
    /// <param name="name">What to call the items in an error.</param>
    /// <exception cref="OnnxEngineException">They do not fit the items (<see cref="ErrorKind.Data"/>).</exception>
    internal static (int[]? Classes, ArrayTargets? Beyond) Labels(int count, NpyArray? labels, NpyArray? targets, string name)
    {
        var beyond = ArrayTargets.Of(targets ?? labels, count, name);
        return (ReadLabels(count, beyond is null ? labels ?? targets : targets is null ? null : labels, name), beyond);
    }

    /// <summary>Labels of items.</summary>
    /// <exception cref="OnnxEngineException">They are not one whole number per item (<see cref="ErrorKind.Data"/>).</exception>
    internal static int[]? ReadLabels(int count, NpyArray? labels, string name)
    {
        if (labels is null)
            return null;
        if (labels.Length != count || !NpyElements.IsInteger(labels.Type))
        {
            throw new OnnxEngineException(
                ErrorKind.Data,
                FormattableString.Invariant($"The labels of '{name}' are {labels.Length:N0} elements of type {labels.Type}, but {count:N0} integers are needed, one per item."));
        }

        return [.. labels.ToInt64s().Select(label => label is >= -1 and <= int.MaxValue
            ? (int)label
            : throw new OnnxEngineException(ErrorKind.Data, $"'{name}' has the label {label}; labels count from 0."))];
    }

    sealed class Pixels : PixelSource
    {
        readonly FileRecords _records;
        readonly int[]? _labels;
        readonly string _name;
        readonly bool _isPlanar;
        readonly int _height, _width, _channels;

        internal Pixels(int count, int[] item, FileRecords records, int[]? labels, string name, InputGeometry input)
        {
            (_records, _labels, _name) = (records, labels, name);
            var (first, last) = (item[0] is 1 or 3 or 4, item.Length == 3 && item[2] is 1 or 3 or 4);
            if (item.Length == 3 && !first && !last)
                throw new OnnxEngineException(ErrorKind.Data, $"'{name}' has 8-bit items of shape [{string.Join(", ", item)}]; 1, 3 or 4 channels must come first or last.");
            // When both axes could be the channel, the data is taken to lie as the model has it.
            _isPlanar = item.Length == 3 && first && (!last || input.Layout == PixelLayout.Nchw);
            (_height, _width, _channels) = item.Length == 2 ? (item[0], item[1], 1)
                : _isPlanar ? (item[1], item[2], item[0]) : (item[0], item[1], item[2]);
            Count = count;
        }

        internal override int Count { get; }

        internal ArrayTargets? Targets { get; init; }

        internal override int Label(int index) => _labels is null ? -1 : _labels[index];

        internal override ItemTarget? Target(int index) => Targets?[index];

        internal override string Name(int index) => $"{_name}, image {index}";

        internal override RawImage Read(int index)
        {
            var pixels = new byte[_height * _width * _channels];
            _records.Read((long)index * pixels.Length, pixels);
            return new RawImage(_isPlanar ? Interleave(pixels) : pixels, _height, _width, _channels);
        }

        byte[] Interleave(byte[] planes)
        {
            var pixels = new byte[planes.Length];
            var plane = _height * _width;
            for (var channel = 0; channel < _channels; channel++)
            {
                for (var i = 0; i < plane; i++)
                    pixels[(i * _channels) + channel] = planes[(channel * plane) + i];
            }

            return pixels;
        }
    }

    sealed class Values(NpyHeader header, int[] item, FileRecords records, int[]? labels, string name) : ArraySource
    {
        internal override int Count => header.Shape[0];

        internal override string Name => name;

        internal override IReadOnlyList<int> ItemShape => item;

        internal ArrayTargets? Targets { get; init; }

        internal override int Label(int index) => labels is null ? -1 : labels[index];

        internal override ItemTarget? Target(int index) => Targets?[index];

        internal override void Read(int index, Span<float> values)
        {
            var bytes = new byte[values.Length * NpyElements.Size(header.Type)];
            records.Read((long)index * bytes.Length, bytes);
            NpyElements.Convert(header.Type, bytes, values);
        }
    }
}
