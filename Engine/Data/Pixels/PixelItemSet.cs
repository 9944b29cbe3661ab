using OnnxEdit.Engine.Data.Sources;
using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Pixels;

/// <summary>8-bit images made ready for a model: channels, size, normalisation, layout.</summary>
sealed class PixelItemSet : ItemSet
{
    readonly PixelSource _source;
    readonly ImageFitter _fitter;
    readonly MaskFitter _masks;
    readonly int[] _itemShape;
    readonly int _height, _width, _channels;
    readonly bool _isPlanar, _isBgr;

    /// <summary>The input value of each pixel value, 256 per channel.</summary>
    readonly float[] _values;

    internal PixelItemSet(PixelSource source, InputGeometry input, Preprocessing preprocessing)
    {
        if (input.Rank is < 1 or > 3)
            throw new OnnxEngineException(ErrorKind.Data, $"The model's input has {input.Rank} axes besides the batch, so it takes no images; give .npy or .npz arrays.");
        _source = source;
        _fitter = new ImageFitter(input, preprocessing.Resize);
        _masks = new MaskFitter(input, preprocessing.Resize);
        // Where the model leaves an extent open the first image fixes it, since a batch has one shape.
        var first = _fitter.Fit(source.Read(0), source.Name(0));
        (_height, _width, _channels) = (first.Height, first.Width, first.Channels);
        _isPlanar = input.Layout == PixelLayout.Nchw;
        _isBgr = preprocessing.Bgr && _channels == 3;
        _itemShape = input.Rank switch
        {
            1 => [_height * _width * _channels],
            2 => [_height, _width],
            _ => _isPlanar ? [_channels, _height, _width] : [_height, _width, _channels],
        };
        if (input.Rank == 1 && input.ItemShape[0] > 0 && input.ItemShape[0] != _itemShape[0])
            throw new OnnxEngineException(ErrorKind.Data, FormattableString.Invariant($"'{source.Name(0)}' gives {_itemShape[0]:N0} values but the model takes {input.ItemShape[0]:N0}; give Preprocessing.Resize."));
        _values = PixelTable.Of(preprocessing, _channels);
    }

    public override int Count => _source.Count;

    public override IReadOnlyList<int> ItemShape => _itemShape;

    internal override bool IsCostly => _source.IsCostly;

    public override int Label(int index) => _source.Label(index);

    internal override ItemTarget? Target(int index) => _source.Target(index) switch
    {
        MaskTarget mask => _masks.Fit(mask, _source.Name(index)),
        ObjectsTarget objects => objects with { Fit = _fitter.Placed(objects.Height, objects.Width) },
        var other => other,
    };

    public override void Fill(int start, int count, Span<float> destination)
    {
        CheckRange(start, count, destination);
        ItemLoop.Run(count, ItemLength, destination, IsCostly, (index, item) => Write(start + index, item));
    }

    void Write(int index, Span<float> item)
    {
        var image = _fitter.Fit(_source.Read(index), _source.Name(index));
        if (image.Height != _height || image.Width != _width)
        {
            throw new OnnxEngineException(
                ErrorKind.Data, $"'{_source.Name(index)}' is {image.Height}x{image.Width} but the first image is {_height}x{_width}; give Preprocessing.Resize = HEIGHTxWIDTH.");
        }

        var plane = _height * _width;
        for (var channel = 0; channel < _channels; channel++)
        {
            var values = _values.AsSpan(256 * channel, 256);
            var from = _isBgr ? _channels - 1 - channel : channel;
            var (to, step) = _isPlanar ? (channel * plane, 1) : (channel, _channels);
            for (var i = 0; i < plane; i++, from += _channels, to += step)
                item[to] = values[image.Pixels[from]];
        }
    }
}
