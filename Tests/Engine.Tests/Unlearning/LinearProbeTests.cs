using OnnxEdit.Engine.Unlearning;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class LinearProbeTests
{
    // Images sorted by class, as files often are; the class shows in the first feature only.
    static (float[][] Features, bool[] IsClass) Images(double shift)
    {
        var numbers = new SeededNumbers(1);
        var isClass = Enumerable.Range(0, 600).Select(i => i % 10 == 3).ToArray();
        return ([.. isClass.Select(c => Enumerable.Range(0, 6).Select(k => (float)(numbers.Normal() + (c && k == 0 ? shift : 0))).ToArray())], isClass);
    }

    [Fact]
    public void A_class_that_is_nowhere_in_the_features_is_read_at_chance()
    {
        var (features, isClass) = Images(0);
        Assert.InRange(LinearProbe.BalancedAccuracy(features, isClass), 0.35, 0.65);
    }

    [Fact]
    public void A_class_that_stands_apart_is_read_even_if_it_is_rare_and_the_images_are_sorted()
    {
        var (features, isClass) = Images(8);
        Assert.InRange(LinearProbe.BalancedAccuracy(features, isClass), 0.99, 1);
    }

    [Fact]
    public void Between_the_two_it_is_the_share_that_a_threshold_tells_right()
    {
        var (features, isClass) = Images(2); // Two unit Gaussians two apart: Phi(1) = 0.84 on both sides.
        Assert.InRange(LinearProbe.BalancedAccuracy(features, isClass), 0.77, 0.91);
    }

    [Fact]
    public void Dead_features_do_no_harm()
    {
        var (features, isClass) = Images(8);
        foreach (var row in features) row[2] = 0;
        Assert.InRange(LinearProbe.BalancedAccuracy(features, isClass), 0.99, 1);
    }
}
