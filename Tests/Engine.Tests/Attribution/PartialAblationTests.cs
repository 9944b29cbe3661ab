using OnnxEdit.Engine.Attribution.Corrections;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Components;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class PartialAblationTests
{
    // Four filters that pass a colour each. Colour 0 speaks for class 0 by 4, colour 1 for class 1 by 4, the tag for class 1
    // by 6, and nothing listens to the last one.
    const int Tag = 2;

    static OnnxModel Model()
    {
        var b = new GraphBuilder(3);
        var x = b.Input("x", 4, 6, 6);
        var passed = b.Op("Conv", [x, b.Floats("pass.weight", [4, 4, 1, 1], SmallClassifier.Identity)], [1, 4, 6, 6], "pass");
        var pooled = b.Flatten(b.GlobalAveragePool(b.Relu(passed)));
        return new OnnxModel(b.Build(b.Op("Gemm", [pooled, b.Floats("scores.weight", [4, 2], [4, 0, 0, 4, 0, 6, 0, 0])], [1, 2], "scores")));
    }

    // Images of even colours.
    static StoredItemSet Images(int label, params float[][] colours) =>
        new([4, 6, 6], [.. colours.Select(c => c.SelectMany(v => Enumerable.Repeat(v, 36)).ToArray())], [.. colours.Select(_ => label)]);

    static readonly float[] _first = [1, 0, 0, 1], _second = [0, 1, 0, 1], _tagged = [1, 0, 1, 1], _tag = [0, 0, 1, 1];

    static float[] Climb(ItemSet target, ItemSet validation, bool lower = false, double enough = 4, double weight = 2, int steps = PartialAblation.Steps)
    {
        var model = Model();
        var (folded, signature) = (NormalisedModel.Create(model.Proto), ClassifierSignature.Of(model.Proto, null));
        var components = ComponentSearch.Find(folded, [signature.LogitsName], ComponentKinds.Filters);
        using var ablation = new PartialAblation(folded, signature, components, ComponentConstants.Of(folded, components, AblationKind.ZeroWeight), target, validation, lower, enough, weight);
        Assert.Equal([1, 1, 1, 1], ablation.Mask());
        for (var i = 0; i < steps; i++) ablation.Step();
        return ablation.Mask();
    }

    [Fact]
    public void What_speaks_against_the_target_goes_and_all_else_stays_whole() =>
        Assert.Equal([1, 1, 0, 1], Climb(Images(0, _tagged, _tagged), Images(1, _second)));

    [Fact]
    public void A_step_moves_what_matters_by_a_fiftieth_and_draws_a_quarter_of_that_back()
    {
        var mask = Climb(Images(0, _tagged), Images(1, _second), steps: 1);
        Assert.Equal(1 - 0.02 + 0.005, mask[Tag], 1e-6);
        Assert.Equal([1, 1, 1], mask.Where((_, j) => j != Tag));
    }

    [Fact]
    public void No_more_is_ablated_than_the_margin_that_is_enough_asks_for()
    {
        // The margin is 4 - 6 m of the tag, so that 1 is reached at a half; ten steps of momentum lead beyond it and back.
        var mask = Climb(Images(0, _tagged), Images(1, _second), enough: 1);
        Assert.Equal(0.5, mask[Tag], 0.03);
        Assert.Equal([1, 1, 1], mask.Where((_, j) => j != Tag));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1000, 1)]
    public void What_validation_images_need_stays_by_the_weight_that_they_have(double weight, float left) =>
        Assert.Equal([1, 1, left, 1], Climb(Images(0, _tagged), Images(1, _tag), weight: weight));

    [Fact]
    public void Answers_that_shall_fall_lose_what_speaks_for_them() =>
        Assert.Equal([0, 1, 1, 1], Climb(Images(0, _first), Images(1, _second), lower: true));

    [Fact]
    public void Batches_of_all_examples_take_their_turns()
    {
        // More than the 50 of a batch, and only the last of them are wrong.
        var target = Images(0, [.. Enumerable.Repeat(_first, 50), .. Enumerable.Repeat(_tagged, 50)]);
        Assert.Equal([1, 1, 1, 1], Climb(target, Images(1, _second), enough: 1, steps: 1));
        Assert.True(Climb(target, Images(1, _second), enough: 1, steps: 3)[Tag] < 1);
    }

    [Theory]
    [InlineData(float.NaN, 0)]
    [InlineData(0, float.NaN)]
    public void Gradients_that_are_no_numbers_are_refused(float inTarget, float inValidation)
    {
        var error = Assert.Throws<OnnxEngineException>(() => Climb(Images(0, [inTarget, 0, 1, 1]), Images(1, [inValidation, 1, 0, 1]), steps: 1));
        Assert.Equal(ErrorKind.Model, error.Kind);
        Assert.Contains("gradients of the masks are not finite", error.Message, StringComparison.Ordinal);
    }
}
