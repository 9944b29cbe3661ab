using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Surgery;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class PixelTests : IDisposable
{
    readonly TempFolder _folder = new();

    public PixelTests() => _folder.Write("a.png", Pictures.Encoded(4, 8, 255, 102, 51));

    public void Dispose() => _folder.Dispose();

    float[] Item(Preprocessing preprocessing, InputGeometry input) =>
        Pictures.Item(ModelData.Open(new DataOptions { Path = _folder.Path, TestOnly = true, Preprocessing = preprocessing }, input).Test!, 0);

    [Fact]
    public void Pixels_are_scaled_and_normalised_by_channel()
    {
        var item = Item(new Preprocessing { Mean = [0.5f, 0.2f, 0], Std = [0.25f, 0.5f, 1] }, Pictures.Rgb(4, 8));
        Assert.Equal(2f, item[0], 1e-6f);
        Assert.Equal(0.4f, item[32], 1e-6f);
        Assert.Equal(0.2f, item[64], 1e-6f);
    }

    [Fact]
    public void Blue_first_and_channels_last_are_honoured()
    {
        var item = Item(new Preprocessing { Mean = [0, 0, 0.5f], Std = [1], Bgr = true }, InputGeometry.FromShape([4, 8, 3]));
        Assert.Equal([0.2f, 0.4f, 0.5f], item[..3].Select(value => MathF.Round(value, 5)));
    }

    [Fact]
    public void A_grey_model_gets_the_luma()
    {
        Assert.Equal((float)(((255 * 19595) + (102 * 38470) + (51 * 7471) + 32768) >> 16), Item(Preprocessing.Raw, InputGeometry.FromShape([1, 4, 8]))[0]);
    }

    [Fact]
    public void A_flat_model_gets_the_planes_one_after_the_other()
    {
        var item = Item(Preprocessing.Raw, InputGeometry.FromShape([96]));
        Assert.Equal((255f, 102f, 51f), (item[31], item[32], item[95]));
    }

    [Fact]
    public void Pixels_without_a_normalisation_are_refused_with_a_remedy()
    {
        var error = Pictures.Refused(_folder.Path, Pictures.Rgb(4, 8), options => options with { Preprocessing = new Preprocessing() });
        Assert.Equal(ErrorKind.Data, error.Kind);
        Assert.Contains("Preprocessing.KnownVariants", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Impossible_channels_and_statistics_are_refused()
    {
        Assert.Contains("3 channels but the model takes 5", Pictures.Refused(_folder.Path, InputGeometry.FromShape([5, 4, 8])).Message, StringComparison.Ordinal);
        Assert.Throws<OnnxEngineException>(() => Item(new Preprocessing { Mean = [0, 0] }, Pictures.Rgb(4, 8)));
        Assert.Throws<OnnxEngineException>(() => Item(new Preprocessing { Std = [0] }, Pictures.Rgb(4, 8)));
        Assert.Contains("no images", Pictures.Refused(_folder.Path, InputGeometry.FromShape([2, 3, 4, 5])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2x4", 2, 4)]
    [InlineData("2", 2, 2)]
    [InlineData("8:5", 5, 5)]
    public void Images_are_resized_then_cropped(string text, int height, int width)
    {
        var item = Item(Preprocessing.Raw with { Resize = ImageResize.Parse(text) }, Pictures.Rgb(height, width));
        Assert.Equal(3 * height * width, item.Length);
        Assert.Equal((255f, 51f), (item[0], item[^1]));
    }

    [Fact]
    public void A_padded_image_is_whole_in_the_middle_of_black()
    {
        var item = Item(Preprocessing.Raw with { Resize = ImageResize.Parse("pad:8x8") }, Pictures.Rgb(8, 8));
        // The picture is 4 x 8 or 8 x 4 pixels: half of each plane is black, at both ends alike.
        Assert.Equal(3 * 64, item.Length);
        Assert.Equal((32, 0f, 0f, 255f), (item.Take(64).Count(value => value == 0), item[0], item[63], item.Take(64).Max()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("pad:4")]
    [InlineData("0x4")]
    [InlineData("4x4x4")]
    [InlineData("-3")]
    public void Nonsense_is_no_size(string text) =>
        Assert.Equal(ErrorKind.Usage, Assert.Throws<OnnxEngineException>(() => ImageResize.Parse(text)).Kind);

    [Fact]
    public void A_crop_larger_than_the_image_is_refused() => Assert.Throws<OnnxEngineException>(
        () => Item(Preprocessing.Raw with { Resize = ImageResize.Parse("4:6") }, Pictures.Rgb(6, 6)));

    [Fact]
    public void Layout_of_an_input_is_read_from_its_shape()
    {
        Assert.Equal((PixelLayout.Nchw, 3, 32, -1), Of(3, 32, -1));
        Assert.Equal((PixelLayout.Nhwc, 3, 32, 64), Of(32, 64, 3));
        Assert.Equal((PixelLayout.Nhwc, 1, -1, -1), Of(0, -1, 1));
        static (PixelLayout, int, int, int) Of(params int[] shape)
        {
            var input = InputGeometry.FromShape(shape);
            return (input.Layout, input.Channels, input.Height, input.Width);
        }
    }

    [Fact]
    public void Known_variants_have_distinct_names_and_a_normalisation()
    {
        foreach (var channels in new[] { 1, 3 })
        {
            var variants = Preprocessing.KnownVariants(channels);
            Assert.Equal(variants.Count, variants.Select(variant => variant.Name).Distinct().Count());
            Assert.All(variants, variant => Assert.True(variant.Preprocessing.IsNormalised));
        }
    }
}
