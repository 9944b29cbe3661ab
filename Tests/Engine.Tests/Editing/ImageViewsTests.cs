using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Pixels;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class ImageViewsTests
{
    sealed class Ramp(params int[] shape) : ItemSet
    {
        public override int Count => 2;

        public override IReadOnlyList<int> ItemShape => shape;

        public override int Label(int index) => index;

        public override void Fill(int start, int count, Span<float> destination)
        {
            for (var i = 0; i < count * ItemLength; i++) destination[i] = start * ItemLength + i;
        }
    }

    [Fact]
    public void Views_are_mirrored_and_moved_with_the_edge_continued_in_both_layouts()
    {
        ImageView[] views = [default, new(true, 0, 0), new(false, 4, -4)];
        var planar = new ImageViews(new Ramp(2, 8, 8), InputGeometry.FromShape([3, 8, 8]), views);
        var last = new ImageViews(new Ramp(8, 8, 3), InputGeometry.FromShape([8, 8, 3]), views);
        Assert.Equal((6, 1), (planar.Count, planar.Label(3)));
        var (a, b) = (new float[6 * 128], new float[6 * 192]);
        planar.Fill(0, 6, a);
        last.Fill(0, 6, b);
        // The first image as it is, mirrored, and one row down and one column left.
        Assert.Equal([0f, 1, 2], a[..3]);
        Assert.Equal([7f, 6, 5], a[128..131]);
        Assert.Equal([1f, 2, 3], a[256..259]);
        Assert.Equal([7f, 7, 1, 2], a[262..266]);
        Assert.Equal(9f, a[272]);
        Assert.Equal([21f, 22, 23, 18], b[192..196]);
        Assert.Equal([3f, 4, 5, 6], b[384..388]);
    }
}
