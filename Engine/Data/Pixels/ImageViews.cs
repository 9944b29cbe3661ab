namespace OnnxEdit.Engine.Data.Pixels;

/// <summary>Every image of a set in several views, image after image.</summary>
sealed class ImageViews : ItemSet
{
    readonly ItemSet _images;
    readonly IReadOnlyList<ImageView> _views;
    readonly int _height, _width;
    readonly bool _isPlanar;

    /// <param name="images">The images.</param>
    /// <param name="input">What the model takes, for the layout.</param>
    /// <param name="views">The views.</param>
    public ImageViews(ItemSet images, InputGeometry input, IReadOnlyList<ImageView> views)
    {
        (_images, _views) = (images, views);
        var shape = images.ItemShape;
        _isPlanar = shape.Count < 3 || input.Layout == PixelLayout.Nchw;
        (_height, _width) = shape.Count == 2 ? (shape[0], shape[1]) : _isPlanar ? (shape[1], shape[2]) : (shape[0], shape[1]);
    }

    /// <summary>True for items that are pictures, of eight pixels a side or more.</summary>
    public static bool Applies(ItemSet images) => images.ItemShape.Count is 2 or 3 && images.ItemShape.OrderDescending().Take(2).All(d => d >= 8);

    /// <inheritdoc/>
    public override int Count => _images.Count * _views.Count;

    /// <inheritdoc/>
    public override IReadOnlyList<int> ItemShape => _images.ItemShape;

    internal override bool IsCostly => _images.IsCostly;

    /// <inheritdoc/>
    public override int Label(int index) => _images.Label(index / _views.Count);

    /// <inheritdoc/>
    public override void Fill(int start, int count, Span<float> destination)
    {
        CheckRange(start, count, destination);
        var item = new float[ItemLength];
        for (var i = 0; i < count; i++)
        {
            _images.Fill((start + i) / _views.Count, 1, item);
            Write(item, _views[(start + i) % _views.Count], destination.Slice(i * item.Length, item.Length));
        }
    }

    void Write(float[] from, ImageView view, Span<float> to)
    {
        var plane = _height * _width;
        var channels = from.Length / plane;
        var (down, right) = (view.Down * _height / 32, view.Right * _width / 32);
        for (var y = 0; y < _height; y++)
            for (var x = 0; x < _width; x++)
            {
                var (row, column) = (Math.Clamp(y - down, 0, _height - 1), Math.Clamp(x - right, 0, _width - 1));
                if (view.IsMirrored) column = _width - 1 - column;
                for (var c = 0; c < channels; c++)
                    to[_isPlanar ? c * plane + y * _width + x : (y * _width + x) * channels + c] = from[_isPlanar ? c * plane + row * _width + column : (row * _width + column) * channels + c];
            }
    }
}
