using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Engine.Tasks.Detection;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Engine.Tasks.Metrics;
using Xunit;

namespace OnnxEdit.Engine.Tests.Tasks;

public sealed class MeanAveragePrecisionTests
{
    static LabelledObject Object(double left, double top, double width, double height, int of = 0) => new(of, new Box(left, top, left + width, top + height));

    static LabelledObject Crowd(double left, double top, double width, double height) => Object(left, top, width, height) with { IsIgnored = true, IsCrowd = true };

    static LabelledObject Difficult(double left, double top, double width, double height) => Object(left, top, width, height) with { IsIgnored = true };

    static DetectedBox Found(float score, double left, double top, double width, double height, int of = 0) => new(of, score, new Box(left, top, left + width, top + height));

    static (double At50, double All) Measured(params (LabelledObject[] Objects, DetectedBox[] Found)[] pictures)
    {
        var (map50, map) = Metrics(pictures)!.Value;
        var slow = SlowAveragePrecision.Of(pictures);
        Assert.Equal(slow.At50, map50.Value, 1e-12);
        Assert.Equal(slow.All, map.Value, 1e-12);
        return (map50.Value, map.Value);
    }

    static (MetricValue Map50, MetricValue Map)? Metrics(params (LabelledObject[] Objects, DetectedBox[] Found)[] pictures)
    {
        var meter = new MeanAveragePrecision();
        foreach (var (number, (objects, found)) in pictures.Index()) meter.Add(number, objects, found);
        return meter.Complete() is { } values ? (values[0], values[1]) : null;
    }

    [Fact]
    public void Every_object_found_exactly_is_1_and_nothing_found_is_0()
    {
        Assert.Equal((1.0, 1.0), Measured(([Object(0, 0, 10, 10), Object(20, 20, 10, 10)], [Found(0.4f, 20, 20, 10, 10), Found(0.9f, 0, 0, 10, 10)])));
        Assert.Equal((0.0, 0.0), Measured(([Object(0, 0, 10, 10)], [])));
    }

    // 10x10 against 10x8 within it: an overlap of 80 in 100, so right at .50 to .80, which is 7 of 10 overlaps.
    [Fact]
    public void A_box_that_overlaps_by_four_fifths_is_right_up_to_there() =>
        Assert.Equal((1, 0.7), Measured(([Object(0, 0, 10, 10)], [Found(0.9f, 0, 0, 10, 8)])));

    // Right, wrong, right, of 3 objects: recall 1/3 with precision 1 (recalls 0 to .33, 34 of them), 2/3 with 2/3 (.34 to .66, 33).
    [Fact]
    public void Precision_is_read_off_at_101_recalls()
    {
        var (at50, all) = Measured(([Object(0, 0, 10, 10), Object(20, 0, 10, 10), Object(40, 0, 10, 10)],
            [Found(0.9f, 0, 0, 10, 10), Found(0.8f, 70, 70, 10, 10), Found(0.7f, 20, 0, 10, 10)]));
        Assert.Equal((34 + 33 * 2 / 3.0) / 101, at50, 1e-12);
        Assert.Equal(at50, all, 1e-12);
    }

    // The recalls 0.07 and 0.29 as COCO's code writes them: 7 of 100 objects reach the one, 29 reach the other only if k * 0.01 is not above 0.29.
    [Theory]
    [InlineData(7)]
    [InlineData(29)]
    [InlineData(57)]
    public void A_recall_that_is_met_exactly_counts_as_met(int found)
    {
        var objects = Enumerable.Range(0, 100).Select(i => Object(20 * i, 0, 10, 10)).ToArray();
        var (at50, _) = Measured((objects, [.. objects.Take(found).Select(o => new DetectedBox(0, 0.5f, o.Box))]));
        Assert.Equal(Enumerable.Range(0, 101).Count(k => k * 0.01 <= found / 100.0) / 101.0, at50, 1e-12);
    }

    [Fact]
    public void A_second_box_on_the_same_object_is_wrong()
    {
        // Wrong comes after the recall of 1/2 and before that of 1: precision 1 up to .50 (51 recalls), then 2/3 (50).
        var (at50, _) = Measured(([Object(0, 0, 10, 10), Object(20, 0, 10, 10)], [Found(0.9f, 0, 0, 10, 10), Found(0.8f, 0, 0, 10, 10), Found(0.7f, 20, 0, 10, 10)]));
        Assert.Equal((51 + 50 * 2 / 3.0) / 101, at50, 1e-12);
    }

    [Fact]
    public void The_surest_box_takes_the_object_that_it_overlaps_most()
    {
        // The first lies on both objects, more on the second; the other then has only the first left, which it does overlap.
        Assert.Equal(1, Measured(([Object(0, 0, 10, 10), Object(2, 0, 10, 10)], [Found(0.9f, 1.5, 0, 10, 10), Found(0.8f, 1, 0, 10, 10)])).At50);
    }

    [Fact]
    public void Boxes_within_a_crowd_count_for_nothing_however_many_and_however_small()
    {
        // Without the crowd the two small boxes were wrong before the right one: 1/3. A box that lies on it by two fifths is wrong.
        LabelledObject[] objects = [Object(200, 0, 10, 10), Crowd(0, 0, 100, 100)];
        Assert.Equal(1, Measured((objects, [Found(0.9f, 10, 10, 5, 5), Found(0.8f, 40, 40, 5, 5), Found(0.7f, 200, 0, 10, 10)])).At50);
        Assert.Equal(0.5, Measured((objects, [Found(0.9f, 96, 10, 10, 5), Found(0.7f, 200, 0, 10, 10)])).At50, 1e-12);
    }

    [Fact]
    public void An_object_is_found_before_the_crowd_that_it_stands_in() =>
        Assert.Equal(1, Measured(([Crowd(0, 0, 100, 100), Object(10, 10, 20, 20)], [Found(0.9f, 10, 10, 20, 19)])).At50);

    [Fact]
    public void A_difficult_object_is_found_by_its_own_extent_and_missing_it_costs_nothing()
    {
        LabelledObject[] objects = [Object(200, 0, 10, 10), Difficult(0, 0, 100, 100)];
        Assert.Equal(1, Measured((objects, [Found(0.9f, 0, 0, 100, 99), Found(0.8f, 0, 0, 100, 98), Found(0.7f, 200, 0, 10, 10)])).At50);
        Assert.Equal(1, Measured((objects, [Found(0.7f, 200, 0, 10, 10)])).At50);
        // A small box within it is no crowd's, and wrong.
        Assert.Equal(0.5, Measured((objects, [Found(0.9f, 10, 10, 5, 5), Found(0.7f, 200, 0, 10, 10)])).At50, 1e-12);
    }

    // At one score the earlier picture comes first, and within a picture the earlier detection.
    [Fact]
    public void Equal_scores_keep_their_order()
    {
        (LabelledObject[], DetectedBox[]) right = ([Object(0, 0, 10, 10)], [Found(0.5f, 0, 0, 10, 10)]), wrong = ([], [Found(0.5f, 50, 50, 10, 10)]);
        Assert.Equal(1, Measured(right, wrong).At50);
        Assert.Equal(0.5, Measured(wrong, right).At50, 1e-12);
        Assert.Equal(0.5, Measured(([Object(0, 0, 10, 10)], [Found(0.5f, 50, 50, 10, 10), Found(0.5f, 0, 0, 10, 10)])).At50, 1e-12);
    }

    [Fact]
    public void Classes_are_averaged_and_those_without_objects_left_out()
    {
        // Class 0 is found, class 1 is not, class 2 is only found where it is not, and class 3 has a crowd only.
        var (at50, all) = Measured(([Object(0, 0, 10, 10), Object(20, 0, 10, 10, 1), Crowd(50, 50, 40, 40) with { Class = 3 }],
            [Found(0.9f, 0, 0, 10, 10), Found(0.95f, 20, 0, 10, 10, 2), Found(0.8f, 60, 60, 5, 5, 3)]));
        Assert.Equal((0.5, 0.5), (at50, all));
    }

    [Fact]
    public void A_hundred_detections_of_a_class_count_in_a_picture()
    {
        var wrong = Enumerable.Range(0, 100).Select(i => Found(0.9f, 100 + 20 * i, 50, 10, 10)).ToArray();
        Assert.Equal(0, Measured(([Object(0, 0, 10, 10)], [.. wrong, Found(0.5f, 0, 0, 10, 10)])).At50);
        Assert.Equal(1 / 100.0, Measured(([Object(0, 0, 10, 10)], [.. wrong.Skip(1), Found(0.5f, 0, 0, 10, 10)])).At50, 1e-12);
    }

    [Fact]
    public void Pictures_without_objects_have_no_value()
    {
        Assert.Null(Metrics(([], [Found(0.9f, 0, 0, 10, 10)])));
        Assert.Null(Metrics(([Crowd(0, 0, 10, 10)], [Found(0.9f, 0, 0, 10, 10)])));
    }

    [Fact]
    public void Random_pictures_have_the_value_of_the_definition()
    {
        for (var seed = 0; seed < 20; seed++) Measured(Random(seed, 12));
    }

    static (LabelledObject[], DetectedBox[])[] Random(int seed, int pictures)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, pictures).Select(_ =>
        {
            LabelledObject[] objects = [.. Enumerable.Range(0, random.Next(6)).Select(_ => Object(random.Next(60), random.Next(60), 10 + random.Next(30), 10 + random.Next(30), random.Next(3)) with
            {
                IsIgnored = random.Next(5) == 0,
            }).Select(o => o with { IsCrowd = o.IsIgnored && random.Next(2) == 0 })];
            // Two digits of score make ties.
            return (objects, (DetectedBox[])[.. objects.SelectMany(o => Enumerable.Range(0, random.Next(3)).Select(_ => Found(random.Next(100) / 100f,
                o.Box.Left + random.Next(-4, 5), o.Box.Top + random.Next(-4, 5), o.Box.Right - o.Box.Left, o.Box.Bottom - o.Box.Top, o.Class))),
                .. Enumerable.Range(0, random.Next(3)).Select(_ => Found(random.Next(100) / 100f, random.Next(60), random.Next(60), 20, 20, random.Next(3)))]);
        })];
    }

    [Fact]
    public void Pictures_may_come_in_any_order()
    {
        var pictures = Random(3, 120);
        var (map50, map) = Metrics(pictures)!.Value;
        var meter = new MeanAveragePrecision();
        foreach (var (number, (objects, found)) in pictures.Index().Reverse()) meter.Add(number, objects, found);
        var turned = meter.Complete()!;
        Assert.Equal((map50.Value, map.Value), (turned[0].Value, turned[1].Value));
        Assert.Equal(map50.ItemScores, turned[0].ItemScores);
    }

    [Fact]
    public void Scores_of_groups_have_the_value_as_their_mean_and_tell_its_error()
    {
        var pictures = Random(1, 200);
        var (map50, map) = Metrics(pictures)!.Value;
        Assert.Equal(50, map50.ItemScores!.Count);
        Assert.Equal(map50.Value, map50.ItemScores.Average(), 1e-9);
        Assert.Equal(map.Value, map.ItemScores!.Average(), 1e-9);
        // What 60 draws of 200 other pictures really vary by.
        var drawn = Enumerable.Range(100, 60).Select(seed => Metrics(Random(seed, 200))!.Value.Map50.Value).ToArray();
        var spread = Math.Sqrt(drawn.Sum(v => Math.Pow(v - drawn.Average(), 2)) / (drawn.Length - 1));
        Assert.InRange(map50.StandardError / spread, 0.6, 1.6);
    }

    [Fact]
    public void Two_models_that_err_on_the_same_pictures_differ_with_a_smaller_error()
    {
        var pictures = Random(1, 200);
        var worse = pictures.Select((p, i) => i % 40 == 0 ? (p.Item1, []) : p).ToArray();
        var (before, after) = (Metrics(pictures)!.Value.Map50, Metrics(worse)!.Value.Map50);
        Assert.True(before.Loss(after) > 0);
        Assert.InRange(before.PairedError(after), 1e-6, 0.7 * before.StandardError);
    }

    [Fact]
    public void Nothing_is_known_of_the_error_of_one_picture_or_where_one_has_all_objects()
    {
        Assert.Null(Metrics(([Object(0, 0, 10, 10)], []))!.Value.Map50.ItemScores);
        Assert.True(double.IsNaN(Metrics(([Object(0, 0, 10, 10)], []), ([], []))!.Value.Map.StandardError));
    }
}
