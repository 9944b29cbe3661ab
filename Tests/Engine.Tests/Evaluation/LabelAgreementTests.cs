using OnnxEdit.Engine.Tasks;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class LabelAgreementTests
{
    const int Classes = 10;

    [Fact]
    public void Labels_that_are_the_classes_are_in_no_doubt()
    {
        var random = new Random(0);
        foreach (var share in (double[])[0.95, 0.6, 0.3])
        {
            var (labels, predicted) = Draw(random, 800, share, l => l);
            var found = LabelAgreement.Of(labels, predicted, Classes);
            Assert.True(found.IsAboveGuessing, $"{share}");
            Assert.False(found.IsOutdone, $"{share}");
            Assert.Null(found.Mapping);
            Assert.Null(found.Doubt());
        }
    }

    [Fact]
    public void Shifted_labels_are_in_doubt_and_the_mapping_is_what_one_types()
    {
        var (labels, predicted) = Draw(new Random(1), 400, 0.9, l => (l + 1) % Classes);
        var found = LabelAgreement.Of(labels, predicted, Classes);
        Assert.False(found.IsAboveGuessing);
        Assert.Equal("0=9,1=0,2=1,3=2,4=3,5=4,6=5,7=6,8=7,9=8", found.MappingText());
        // What took the labels there is replaced, not followed.
        Assert.Equal("5=9,6=0", found.MappingText(new Dictionary<int, int> { [5] = 0, [6] = 1 }));
        Assert.InRange(found.MappedAccuracy, 0.85, 0.95);
        Assert.Contains("DataOptions.LabelMap = 0=9,1=0", found.Doubt(), StringComparison.Ordinal);
        Assert.Contains("DataOptions.LabelMap = 0=9", found.Doubt(mayGuess: true), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_labels_in_each_others_place_are_seen_though_most_items_agree()
    {
        var (labels, predicted) = Draw(new Random(2), 400, 0.95, l => l switch { 2 => 7, 7 => 2, _ => l });
        var found = LabelAgreement.Of(labels, predicted, Classes);
        Assert.True(found.IsAboveGuessing);
        Assert.True(found.IsOutdone);
        Assert.Equal((7, 2, 3), (found.Mapping![2], found.Mapping[7], found.Mapping[3]));
    }

    [Fact]
    public void A_model_that_guesses_or_says_one_thing_is_near_guessing_and_not_outdone()
    {
        var random = new Random(3);
        for (var set = 0; set < 50; set++)
        {
            int[] labels = [.. Enumerable.Range(0, 500).Select(_ => (int)(Classes * Math.Pow(random.NextDouble(), 2)))];
            foreach (var predicted in (int[][])[[.. labels.Select(_ => 4)], [.. labels.Select(_ => random.Next(3))]])
            {
                var found = LabelAgreement.Of(labels, predicted, Classes);
                Assert.Null(found.Mapping);
                Assert.True(set > 0 || !found.IsOutdone);
                Assert.False(found.IsAboveGuessing && found.Accuracy <= found.Guessing);
            }
        }
    }

    [Fact]
    public void Items_of_one_label_are_judged_by_the_number_of_classes()
    {
        int[] labels = [.. Enumerable.Repeat(3, 30)];
        Assert.True(LabelAgreement.Of(labels, labels, Classes).IsAboveGuessing);
        Assert.False(LabelAgreement.Of(labels, [.. labels.Select((_, i) => i % Classes)], Classes).IsAboveGuessing);
    }

    [Fact]
    public void Labels_that_the_model_takes_for_the_same_class_have_no_mapping()
    {
        var (labels, predicted) = Draw(new Random(4), 400, 0.95, l => l / 2);
        int[] split = [.. labels.Select((l, i) => l == 1 && i % 2 == 0 ? 8 : l)];
        Assert.Null(LabelAgreement.Of(split, predicted, Classes).Mapping);
    }

    // Items of all classes, predicted rightly so often, under the labels that a map gives them.
    static (int[] Labels, int[] Predicted) Draw(Random random, int items, double share, Func<int, int> label)
    {
        var classes = Enumerable.Range(0, items).Select(_ => random.Next(Classes)).ToArray();
        return ([.. classes.Select(label)], [.. classes.Select(c => random.NextDouble() < share ? c : random.Next(Classes))]);
    }
}
