using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Engine.Tasks.Detection;
using OnnxEdit.Engine.Tasks.Kinds;

namespace OnnxEdit.Engine.Tasks.Metrics;

/// <summary>
/// Mean average precision as COCO defines it: for each class precision at 101 recalls, the best at this recall or a higher one, at most
/// 100 detections per picture and class, objects of every size; the mean over the classes that the pictures have objects of.
/// </summary>
sealed class MeanAveragePrecision
{
    /// <summary>The most detections of a class that count in a picture.</summary>
    internal const int Limit = 100;

    // Parts that the pictures are divided into for the error of the value.
    const int Groups = 50;

    readonly SortedDictionary<int, ClassFindings> _classes = [];
    int _pictures;

    /// <summary>Takes a picture; they come in any order.</summary>
    /// <param name="picture">Its number, from 0 on.</param>
    /// <param name="objects">What is in it.</param>
    /// <param name="found">What was found in it, in any order; of equal scores the first comes first.</param>
    public void Add(int picture, IReadOnlyList<LabelledObject> objects, IReadOnlyList<DetectedBox> found)
    {
        var (objectsOf, foundOf) = (objects.ToLookup(o => o.Class), found.ToLookup(d => d.Class));
        foreach (var number in objectsOf.Select(g => g.Key).Union(foundOf.Select(g => g.Key)))
        {
            if (!_classes.TryGetValue(number, out var own)) _classes.Add(number, own = new ClassFindings());
            DetectedBox[] surest = [.. foundOf[number].OrderByDescending(d => d.Score).Take(Limit)];
            own.Add(picture, [.. objectsOf[number]], surest);
        }
        _pictures++;
    }

    /// <summary>
    /// The value at an overlap of .50 ("map50") and the mean over .50 to .95 ("map"); null where no picture has an object that counts.
    /// Scores are those of groups of pictures, each by what the value is without it: their mean is the value, and two models on
    /// the same pictures have the same groups.
    /// </summary>
    public IReadOnlyList<MetricValue>? Complete()
    {
        var groups = Math.Min(Groups, _pictures);
        SortedFindings[] classes = [.. _classes.Values.Select(own => own.Sorted(groups))];
        if (Value(classes, null) is not { } whole) return null;
        var without = groups < 2 ? [] : Enumerable.Range(0, groups).Select(group => Value(classes, group)).ToArray();
        return [Metric("map50", value => value.At50), Metric("map", value => value.All)];

        MetricValue Metric(string name, Func<(double At50, double All), double> part)
        {
            // Where all objects are in one group, nothing is known of how the value varies.
            if (without.Length == 0 || without.Any(value => value is null)) return new MetricValue(name, part(whole));
            double[] left = [.. without.Select(value => part(value!.Value))];
            var mean = left.Average();
            return new MetricValue(name, part(whole)) { ItemScores = [.. left.Select(value => part(whole) + (groups - 1) * (mean - value))] };
        }
    }

    static (double At50, double All)? Value(SortedFindings[] classes, int? without)
    {
        var (count, at50, all) = (0, 0.0, 0.0);
        foreach (var own in classes)
        {
            if (own.Objects(without) == 0) continue;
            count++;
            for (var t = 0; t < BoxMatching.Overlaps.Length; t++)
            {
                var precision = own.AveragePrecision(t, without);
                at50 += t == 0 ? precision : 0;
                all += precision;
            }
        }
        return count == 0 ? null : (at50 / count, all / (count * BoxMatching.Overlaps.Length));
    }
}
