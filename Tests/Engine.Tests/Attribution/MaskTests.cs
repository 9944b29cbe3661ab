using OnnxEdit.Engine.Attribution.Ablations;
using OnnxEdit.Engine.Data;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public class MaskTests
{
    [Theory]
    [InlineData(MaskDesignKind.Bernoulli)]
    [InlineData(MaskDesignKind.ExactCount)]
    [InlineData(MaskDesignKind.Partition)]
    public void Masks_ablate_the_share_asked_for_and_depend_on_nothing_but_seed_and_number(MaskDesignKind kind)
    {
        var design = new MaskDesign(kind, 200, 0.1, 7);
        var masks = Enumerable.Range(0, 500).Select(k => design.Ablated(k, RandomStreams.Masks)).ToArray();
        Assert.Equal(20, masks.Average(m => m.Length), 0.7);
        Assert.All(masks, m => Assert.Equal(m.Order().Distinct(), m));
        Assert.Equal(masks[123], design.Ablated(123, RandomStreams.Masks));
        Assert.NotEqual(masks[123], design.Ablated(123, RandomStreams.FreshMasks));
        Assert.NotEqual(masks[123], (design with { Seed = 8 }).Ablated(123, RandomStreams.Masks));
        if (kind != MaskDesignKind.Bernoulli) Assert.All(masks, m => Assert.Equal(20, m.Length));
        if (kind == MaskDesignKind.Partition) Assert.Equal(Enumerable.Range(0, 200), masks[30..40].SelectMany(m => m).Order());
        var counts = masks.SelectMany(m => m).CountBy(j => j).ToDictionary();
        Assert.All(Enumerable.Range(0, 200), j => Assert.InRange(counts.GetValueOrDefault(j), 20, 90));
    }

    [Fact]
    public void On_a_path_every_component_stands_in_between_once_a_round_and_evenly()
    {
        var masks = new PathMasks(60, 0.1, 3);
        Assert.Equal(5, masks.Round);
        var places = Enumerable.Range(0, 60).Select(_ => new List<float>()).ToArray();
        var mask = new float[60];
        for (var pass = 0; pass < 100; pass++)
        {
            masks.Fill(4, pass, mask);
            Assert.Equal(12, mask.Count(m => m < 1));
            for (var j = 0; j < 60; j++)
                if (mask[j] < 1) places[j].Add(mask[j]);
        }
        Assert.All(places, p =>
        {
            Assert.Equal(20, p.Count);
            Assert.Equal(0.5, p.Average(), 0.06);
            // No gap much wider than 1/20 among twenty places of the golden ratio.
            var sorted = p.Order().ToArray();
            Assert.True(sorted.Zip(sorted.Skip(1), (a, b) => b - a).Max() < 0.15, string.Join(' ', sorted));
        });
        var again = new float[60];
        masks.Fill(4, 17, mask);
        masks.Fill(4, 17, again);
        Assert.Equal(mask, again);
        masks.Fill(5, 17, again);
        Assert.NotEqual(mask, again);
    }
}
