namespace OnnxEdit.Engine.Data.Pixels;

/// <summary>
/// Labelled pictures in the model's size and layout as bytes, to be normalised in many ways: each is read, decoded and
/// resized once, when it is first needed.
/// </summary>
/// <param name="raw">The pictures as numbers 0 to 255 (<see cref="Preprocessing.Raw"/>), in the model's layout.</param>
/// <param name="input">What the model takes, with the layout that they have.</param>
sealed class PictureSample(ItemSet raw, InputGeometry input)
{
    readonly Dictionary<int, byte[]> _pictures = [];
    readonly int[] _order = Interleaved(raw);

    /// <summary>Number of labelled pictures.</summary>
    internal int Count => _order.Length;

    /// <summary>Number of channels of an input.</summary>
    internal int Channels => raw.ItemShape.Count switch { 3 => raw.ItemShape[input.Layout == PixelLayout.Nchw ? 0 : 2], 1 => PictureSizes.PackedChannels(input), _ => 1 };

    /// <summary>Pictures [start, start + count) under a normalisation; the classes take turns.</summary>
    internal ItemSet Normalised(int start, int count, Preprocessing preprocessing)
    {
        var values = PixelTable.Of(preprocessing, Channels);
        Read([.. _order.Skip(start).Take(count).Where(i => !_pictures.ContainsKey(i))]);
        return new StoredItemSet(
            raw.ItemShape,
            [.. Enumerable.Range(start, count).Select(i => Apply(_pictures[_order[i]], values, preprocessing.Bgr && Channels == 3))],
            [.. Enumerable.Range(start, count).Select(i => raw.Label(_order[i]))]);
    }

    float[] Apply(byte[] picture, float[] values, bool isBgr)
    {
        var (channels, plane, isPlanar) = (Channels, picture.Length / Channels, input.Layout == PixelLayout.Nchw);
        var item = new float[picture.Length];
        for (var channel = 0; channel < channels; channel++)
        {
            var table = values.AsSpan(256 * channel, 256);
            var source = isBgr ? channels - 1 - channel : channel;
            var (to, from, step) = isPlanar ? (channel * plane, source * plane, 1) : (channel, source, channels);
            for (var i = 0; i < plane; i++, to += step, from += step) item[to] = table[picture[from]];
        }
        return item;
    }

    void Read(int[] indices)
    {
        if (indices.Length == 0) return;
        var values = new float[indices.Length * raw.ItemLength];
        raw.Select(indices).Fill(0, indices.Length, values);
        foreach (var (at, picture) in values.Chunk(raw.ItemLength).Index()) _pictures[indices[at]] = Array.ConvertAll(picture, value => (byte)value);
    }

    // Data often lies sorted by class, and the first few pictures are to tell something of all of them.
    static int[] Interleaved(ItemSet items)
    {
        Dictionary<int, int> seen = [];
        return [.. Enumerable.Range(0, items.Count).Where(i => items.Label(i) >= 0)
            .Select(i => (Index: i, Turn: seen[items.Label(i)] = seen.GetValueOrDefault(items.Label(i)) + 1))
            .OrderBy(i => i.Turn).ThenBy(i => items.Label(i.Index)).Select(i => i.Index)];
    }
}
