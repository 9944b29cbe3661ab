using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Engine.Tasks.Detection;

namespace OnnxEdit.Engine.Tests.Tasks;

/// <summary>
/// Average precision written down from its definition, without any of the product's code: every recall looks through all cuts of
/// the list anew. Slow, and for the tests only.
/// </summary>
static class SlowAveragePrecision
{
    public static (double At50, double All) Of(IReadOnlyList<(LabelledObject[] Objects, DetectedBox[] Found)> pictures)
    {
        int[] classes = [.. pictures.SelectMany(p => p.Objects).Where(o => !o.IsIgnored).Select(o => o.Class).Distinct()];
        var at50 = classes.Average(c => AtOverlap(pictures, c, 0.5));
        return (at50, classes.Average(c => Enumerable.Range(0, 10).Average(t => AtOverlap(pictures, c, 0.5 + 0.05 * t))));
    }

    static double AtOverlap(IReadOnlyList<(LabelledObject[] Objects, DetectedBox[] Found)> pictures, int number, double overlap)
    {
        List<(float Score, bool IsRight)> judged = [];
        foreach (var (objects, found) in pictures)
        {
            LabelledObject[] own = [.. objects.Where(o => o.Class == number)];
            var isFound = new bool[own.Length];
            foreach (var detection in found.Where(d => d.Class == number).OrderByDescending(d => d.Score).Take(100))
            {
                var fitting = Enumerable.Range(0, own.Length).Where(i => Share(own[i], detection.Box) >= overlap - 1e-10).ToList();
                var counted = fitting.Where(i => !own[i].IsIgnored && !isFound[i]).ToList();
                if (counted.Count > 0)
                {
                    isFound[counted.MaxBy(i => Share(own[i], detection.Box))] = true;
                    judged.Add((detection.Score, true));
                }
                else if (!fitting.Exists(i => own[i].IsIgnored)) judged.Add((detection.Score, false));
            }
        }
        var total = (double)pictures.Sum(p => p.Objects.Count(o => o.Class == number && !o.IsIgnored));
        bool[] list = [.. judged.OrderByDescending(j => j.Score).Select(j => j.IsRight)];
        return Enumerable.Range(0, 101).Average(k => Enumerable.Range(1, list.Length)
            .Where(n => list.Take(n).Count(right => right) / total >= k * 0.01)
            .Select(n => list.Take(n).Count(right => right) / (double)n).DefaultIfEmpty(0).Max());
    }

    static double Share(LabelledObject labelled, Box box)
    {
        var (a, b) = (labelled.Box, box);
        var width = Math.Min(a.Right, b.Right) - Math.Max(a.Left, b.Left);
        var height = Math.Min(a.Bottom, b.Bottom) - Math.Max(a.Top, b.Top);
        if (width <= 0 || height <= 0) return 0;
        var own = (b.Right - b.Left) * (b.Bottom - b.Top);
        return width * height / (labelled.IsCrowd ? own : (a.Right - a.Left) * (a.Bottom - a.Top) + own - width * height);
    }
}
