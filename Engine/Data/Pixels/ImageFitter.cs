using OnnxEdit.Engine.Data.Sources;
using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Pixels;

/// <summary>Gives an image the number of channels and the size that the model takes.</summary>
sealed class ImageFitter(InputGeometry input, ImageResize? resize)
{
    /// <param name="image">Any image.</param>
    /// <param name="name">What to call it in an error.</param>
    internal RawImage Fit(RawImage image, string name)
    {
        image = FitChannels(image, name);
        var (resized, frame, crop) = Steps(image.Height, image.Width);
        if (resize is not null) image = Framed(Resampler.Resize(image, resized.Height, resized.Width, resize.Filter), frame);
        image = Crop(image, crop.Height, crop.Width, name);
        if (Differs(input.Height, image.Height) || Differs(input.Width, image.Width))
        {
            throw new OnnxEngineException(
                ErrorKind.Data,
                $"'{name}' is {image.Height}x{image.Width} but the model takes {Text(input.Height)}x{Text(input.Width)}; give Preprocessing.Resize = {Text(input.Height)}x{Text(input.Width)}.");
        }

        return image;
    }

    /// <summary>Where a picture of that size lies in what <see cref="Fit"/> makes of it.</summary>
    internal PictureFit Placed(int height, int width)
    {
        var (resized, frame, crop) = Steps(height, width);
        return new PictureFit((double)resized.Width / width, (double)resized.Height / height,
            (frame.Width - resized.Width) / 2 - (frame.Width - crop.Width) / 2, (frame.Height - resized.Height) / 2 - (frame.Height - crop.Height) / 2);
    }

    // The sizes that a picture goes through: resized, in the middle of a frame, and the middle of that.
    ((int Height, int Width) Resized, (int Height, int Width) Frame, (int Height, int Width) Crop) Steps(int height, int width)
    {
        if (resize is null) return ((height, width), (height, width), (height, width));
        var isPadded = resize is { ShortestEdge: null, Height: not null, Width: not null, Pad: true };
        var resized = (Height: height, Width: width);
        if (resize.ShortestEdge is { } edge)
        {
            // As torchvision does: the longer edge is scaled alike and rounded down.
            var shorter = Math.Min(height, width);
            resized = ((int)((long)height * edge / shorter), (int)((long)width * edge / shorter));
        }
        else if (resize is { Height: { } high, Width: { } wide })
        {
            var scale = Math.Min((double)high / height, (double)wide / width);
            resized = isPadded ? (Scaled(height, scale, high), Scaled(width, scale, wide)) : (high, wide);
        }
        var frame = isPadded ? (Height: resize.Height!.Value, Width: resize.Width!.Value) : resized;
        return (resized, frame, (resize.CropHeight ?? ModelExtent(input.Height, frame.Height), resize.CropWidth ?? ModelExtent(input.Width, frame.Width)));
    }

    static int Scaled(int extent, double scale, int limit) => Math.Clamp((int)Math.Round(extent * scale), 1, limit);

    static bool Differs(int model, int image) => model > 0 && model != image;

    static int ModelExtent(int model, int image) => model > 0 ? model : image;

    static string Text(int extent) => extent > 0 ? $"{extent}" : "any";

    RawImage FitChannels(RawImage image, string name)
    {
        var wanted = input.Channels > 0 ? input.Channels : image.Channels;
        if (image.Channels == 4 && wanted != 4)
            image = Map(image, 3, static (from, to) => from[..3].CopyTo(to));
        if (wanted == image.Channels)
            return image;
        if (image.Channels == 1 && wanted == 3)
            return Map(image, 3, static (from, to) => to.Fill(from[0]));
        if (image.Channels == 3 && wanted == 1)
        {
            // ITU-R 601 luma in 16-bit fixed point, as PIL converts to "L".
            return Map(image, 1, static (from, to) => to[0] = (byte)(((from[0] * 19595) + (from[1] * 38470) + (from[2] * 7471) + 0x8000) >> 16));
        }

        throw new OnnxEngineException(
            ErrorKind.Data, $"'{name}' has {image.Channels} channels but the model takes {wanted}; check Preprocessing.Layout, or give arrays of {wanted} channels.");
    }

    delegate void PixelMap(ReadOnlySpan<byte> from, Span<byte> to);

    static RawImage Map(RawImage image, int channels, PixelMap map)
    {
        var pixels = new byte[image.Height * image.Width * channels];
        for (var i = 0; i < image.Height * image.Width; i++)
            map(image.Pixels.AsSpan(i * image.Channels, image.Channels), pixels.AsSpan(i * channels, channels));
        return new RawImage(pixels, image.Height, image.Width, channels);
    }

    static RawImage Framed(RawImage image, (int Height, int Width) frame)
    {
        if (frame == (image.Height, image.Width)) return image;
        var (top, left, stride) = ((frame.Height - image.Height) / 2, (frame.Width - image.Width) / 2, image.Width * image.Channels);
        var pixels = new byte[frame.Height * frame.Width * image.Channels];
        for (var y = 0; y < image.Height; y++)
            image.Pixels.AsSpan(y * stride, stride).CopyTo(pixels.AsSpan((((top + y) * frame.Width) + left) * image.Channels));
        return new RawImage(pixels, frame.Height, frame.Width, image.Channels);
    }

    static RawImage Crop(RawImage image, int height, int width, string name)
    {
        if (height == image.Height && width == image.Width)
            return image;
        if (height > image.Height || width > image.Width)
            throw new OnnxEngineException(ErrorKind.Data, $"'{name}' is {image.Height}x{image.Width} after resizing, too small for a crop of {height}x{width}; give a larger Preprocessing.Resize.");
        var (top, left, stride) = ((image.Height - height) / 2, (image.Width - width) / 2, width * image.Channels);
        var pixels = new byte[height * stride];
        for (var y = 0; y < height; y++)
            image.Pixels.AsSpan((((top + y) * image.Width) + left) * image.Channels, stride).CopyTo(pixels.AsSpan(y * stride));
        return new RawImage(pixels, height, width, image.Channels);
    }
}
