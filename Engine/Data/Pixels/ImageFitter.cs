using OnnxEdit.Engine.Data.Sources;
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
        if (resize is { ShortestEdge: { } edge })
        {
            // As torchvision does: the longer edge is scaled alike and rounded down.
            var shorter = Math.Min(image.Height, image.Width);
            image = Resampler.Resize(image, (int)((long)image.Height * edge / shorter), (int)((long)image.Width * edge / shorter), resize.Filter);
        }
        else if (resize is { Height: { } high, Width: { } wide, Pad: true })
            image = Padded(image, high, wide, resize.Filter);
        else if (resize is { Height: { } height, Width: { } width })
            image = Resampler.Resize(image, height, width, resize.Filter);

        if (resize is not null)
            image = Crop(image, resize.CropHeight ?? ModelExtent(input.Height, image.Height), resize.CropWidth ?? ModelExtent(input.Width, image.Width), name);
        if (Differs(input.Height, image.Height) || Differs(input.Width, image.Width))
        {
            throw new OnnxEngineException(
                ErrorKind.Data,
                $"'{name}' is {image.Height}x{image.Width} but the model takes {Text(input.Height)}x{Text(input.Width)}; give Preprocessing.Resize = {Text(input.Height)}x{Text(input.Width)}.");
        }

        return image;
    }

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

    static RawImage Padded(RawImage image, int height, int width, Resampling filter)
    {
        var scale = Math.Min((double)height / image.Height, (double)width / image.Width);
        image = Resampler.Resize(image, Scaled(image.Height, height), Scaled(image.Width, width), filter);
        var (top, left, stride) = ((height - image.Height) / 2, (width - image.Width) / 2, image.Width * image.Channels);
        var pixels = new byte[height * width * image.Channels];
        for (var y = 0; y < image.Height; y++)
            image.Pixels.AsSpan(y * stride, stride).CopyTo(pixels.AsSpan((((top + y) * width) + left) * image.Channels));
        return new RawImage(pixels, height, width, image.Channels);

        int Scaled(int extent, int limit) => Math.Clamp((int)Math.Round(extent * scale), 1, limit);
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
