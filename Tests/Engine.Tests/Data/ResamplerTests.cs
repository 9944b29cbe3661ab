using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Engine.Data.Sources;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class ResamplerTests
{
    /// <summary>Sums and first values computed with PIL 9.4 on the same 7 x 11 picture.</summary>
    [Theory]
    [InlineData(Resampling.Bilinear, 3, 5, 5835, 133615, new[] { 88, 140, 135, 168, 99, 131 })]
    [InlineData(Resampling.Bilinear, 13, 16, 81060, 3822366, new[] { 0, 83, 166, 31, 114, 197 })]
    [InlineData(Resampling.Bicubic, 3, 5, 5836, 133426, new[] { 82, 141, 137, 176, 95, 128 })]
    [InlineData(Resampling.Bicubic, 13, 16, 81121, 3823913, new[] { 0, 76, 158, 22, 104, 217 })]
    [InlineData(Resampling.Lanczos, 3, 5, 5830, 132989, new[] { 82, 141, 136, 181, 96, 125 })]
    [InlineData(Resampling.Lanczos, 13, 16, 81137, 3825989, new[] { 0, 77, 149, 20, 93, 231 })]
    [InlineData(Resampling.Box, 3, 5, 5773, 133990, new[] { 52, 135, 154, 183, 74, 93 })]
    [InlineData(Resampling.Box, 13, 16, 80448, 3754998, new[] { 0, 83, 166, 59, 142, 225 })]
    [InlineData(Resampling.Nearest, 3, 5, 5692, 129646, new[] { 109, 192, 19, 253, 80, 163 })]
    [InlineData(Resampling.Nearest, 13, 16, 80448, 3754998, new[] { 0, 83, 166, 59, 142, 225 })]
    public void Every_filter_gives_the_pixels_that_PIL_gives(Resampling filter, int height, int width, int sum, int weighted, int[] first)
    {
        var pixels = new byte[7 * 11 * 3];
        for (var i = 0; i < pixels.Length; i++)
        {
            var (y, x, channel) = (i / 33, i / 3 % 11, i % 3);
            pixels[i] = (byte)((y * 37) + (x * 59) + (channel * 83) + (x * y * 13));
        }

        var result = Resampler.Resize(new RawImage(pixels, 7, 11, 3), height, width, filter);
        Assert.Equal((height, width, 3), (result.Height, result.Width, result.Channels));
        Assert.Equal(first, result.Pixels.Take(6).Select(value => (int)value));
        Assert.Equal(sum, result.Pixels.Sum(value => value));
        Assert.Equal(weighted, result.Pixels.Index().Sum(pair => pair.Item * ((pair.Index % 97) + 1)));
    }
}
