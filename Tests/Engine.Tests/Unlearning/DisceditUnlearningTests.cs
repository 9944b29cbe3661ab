using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Unlearning;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class DisceditUnlearningTests
{
    const int Class = 2;

    // Filter i reads colour i; the first colour grows with the class.
    static NormalisedModel Model(params float[] weights) => NormalisedModel.Create(SmallClassifier.Colours(weights).Model.Proto);

    static (int Channels, int Layers) Apply(NormalisedModel model, UnlearnOptions options)
    {
        var logits = ClassifierSignature.Of(model.Proto).LogitsName;
        var images = ClassImages.Draw(SmallClassifier.Images(300, 4), options with { Calibration = 250 }, null);
        return new DisceditUnlearning(model, LastLayer.Of(model, logits), options).Apply(images, null, TestContext.Current.CancellationToken);
    }

    static bool[] Zeroed(NormalisedModel model)
    {
        var weights = TensorData.Floats(model.Proto.Graph.Initializer.First(t => t.Name == "pass.weight"));
        return [.. weights.Chunk(4).Select(f => f.All(w => w == 0))];
    }

    [Theory]
    [InlineData(UnlearnWitness.Exp)]
    [InlineData(UnlearnWitness.Ks)]
    [InlineData(UnlearnWitness.Fisher)]
    [InlineData(UnlearnWitness.Mpm)]
    [InlineData(UnlearnWitness.Tv)]
    public void The_channel_that_tells_the_class_goes(UnlearnWitness witness)
    {
        var model = Model(0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1);
        Assert.Equal((1, 1), Apply(model, new UnlearnOptions { Classes = [Class], Witness = witness, PerLayer = 1 }));
        Assert.Equal([false, false, true, false], Zeroed(model));
    }

    [Fact]
    public void The_smallest_filters_go_by_l1()
    {
        var model = Model(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, .1f);
        Apply(model, new UnlearnOptions { Classes = [Class], Witness = UnlearnWitness.L1, PerLayer = 1 });
        Assert.Equal([false, false, false, true], Zeroed(model));
    }

    [Fact]
    public void Random_choices_repeat_with_the_seed()
    {
        bool[] Once(ulong seed)
        {
            var model = Model(SmallClassifier.Identity);
            Apply(model, new UnlearnOptions { Classes = [Class], Witness = UnlearnWitness.Random, PerLayer = 2, Seed = seed });
            return Zeroed(model);
        }
        Assert.Equal(Once(1), Once(1));
        Assert.Contains(Enumerable.Range(0, 8), seed => !Once((ulong)seed).SequenceEqual(Once(1)));
    }

    [Fact]
    public void A_layer_is_never_emptied_and_nothing_goes_where_nothing_stands_out()
    {
        var model = Model(SmallClassifier.Identity);
        Assert.Equal((3, 1), Apply(model, new UnlearnOptions { Classes = [Class], PerLayer = 10 }));
        Assert.Equal((0, 1), Apply(Model(SmallClassifier.Identity), new UnlearnOptions { Classes = [Class], Deviations = 50 }));
    }

    [Fact]
    public void Layers_are_named_or_numbered_and_others_are_refused()
    {
        foreach (var layer in new[] { "pass", "1" })
            Assert.Equal((1, 1), Apply(Model(SmallClassifier.Identity), new UnlearnOptions { Classes = [Class], PerLayer = 1, Layers = [layer] }));
        var e = Assert.Throws<OnnxEngineException>(() => Apply(Model(SmallClassifier.Identity), new UnlearnOptions { Classes = [Class], Layers = ["2"] }));
        Assert.Equal((ErrorKind.Usage, "There is no layer '2': the model has 1, 1 'pass' to 1 'pass'."), (e.Kind, e.Message));
    }
}
