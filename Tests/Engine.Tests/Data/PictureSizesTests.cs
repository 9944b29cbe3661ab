using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Pixels;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class PictureSizesTests
{
    static readonly (int, int)[] _square = [(300, 300), (500, 500)], _wide = [(300, 400), (200, 300)];

    [Fact]
    public void Pictures_of_the_models_size_are_left_alone()
    {
        Assert.Equal([null], PictureSizes.Resizes(InputGeometry.FromShape([3, 32, 32]), [(32, 32)]));
        Assert.Equal([null], PictureSizes.Resizes(InputGeometry.FromShape([3072]), [(32, 32)]));
        Assert.Equal([null], PictureSizes.Resizes(InputGeometry.FromShape([3, -1, -1]), [(40, 30), (40, 30)]));
    }

    [Fact]
    public void Others_are_cropped_stretched_or_padded_where_that_is_not_the_same()
    {
        Assert.Equal(["256:224", "224x224"], Texts(InputGeometry.FromShape([3, 224, 224]), _square));
        Assert.Equal(["256:224", "224x224", "224:224", "pad:224x224"], Texts(InputGeometry.FromShape([224, 224, 3]), _wide));
        Assert.Equal(["96x128"], Texts(InputGeometry.FromShape([3, 96, 128]), [(300, 400)]));
        Assert.Equal(["96x128", "pad:96x128"], Texts(InputGeometry.FromShape([3, 96, 128]), _wide));
        Assert.Equal(["32:28", "28x28"], Texts(InputGeometry.FromShape([784]), _square));
        Assert.Equal(["256:224", "224x224"], Texts(InputGeometry.FromShape([3, -1, -1]), _square));
    }

    // As ImageResize.Parse reads them.
    static string[] Texts(InputGeometry input, IReadOnlyList<(int, int)> pictures)
    {
        string[] known = ["256:224", "224x224", "224:224", "pad:224x224", "96x128", "pad:96x128", "32:28", "28x28"];
        return [.. PictureSizes.Resizes(input, pictures).Select(found => known.Single(text => ImageResize.Parse(text) == found))];
    }
}
