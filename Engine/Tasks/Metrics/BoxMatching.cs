using OnnxEdit.Engine.Data.Targets;

namespace OnnxEdit.Engine.Tasks.Metrics;

/// <summary>
/// Which detections of a picture are right, as COCO matches them: the surest first takes the object that it overlaps most, if enough
/// and if no surer one has it. Objects that count come before those that are ignored; these may be found many times.
/// </summary>
static class BoxMatching
{
    /// <summary>The overlaps that are asked for, .50 to .95.</summary>
    internal static double[] Overlaps { get; } = [.. Enumerable.Range(0, 10).Select(i => 0.5 + i * ((0.95 - 0.5) / 9))];

    /// <summary>For each detection: bit t of the first is set where it is right at overlap t, of the second where it counts for nothing there.</summary>
    /// <param name="objects">The objects of one class in a picture.</param>
    /// <param name="found">The detections of that class, the surest first.</param>
    public static (ushort Right, ushort Ignored)[] Match(IReadOnlyList<LabelledObject> objects, IReadOnlyList<Box> found)
    {
        LabelledObject[] sorted = [.. objects.OrderBy(o => o.IsIgnored)];
        var marks = new (ushort Right, ushort Ignored)[found.Count];
        var overlaps = Array.ConvertAll(found.ToArray(), box => Array.ConvertAll(sorted, o => Overlap(o, box)));
        for (var t = 0; t < Overlaps.Length; t++)
        {
            var isTaken = new bool[sorted.Length];
            for (var d = 0; d < marks.Length; d++)
            {
                var match = Best(sorted, overlaps[d], isTaken, Math.Min(Overlaps[t], 1 - 1e-10));
                if (match < 0) continue;
                isTaken[match] = true;
                if (sorted[match].IsIgnored) marks[d].Ignored |= (ushort)(1 << t);
                else marks[d].Right |= (ushort)(1 << t);
            }
        }
        return marks;
    }

    static int Best(LabelledObject[] objects, double[] overlaps, bool[] isTaken, double least)
    {
        var match = -1;
        for (var i = 0; i < objects.Length; i++)
        {
            if (isTaken[i] && !objects[i].IsIgnored) continue;
            if (match >= 0 && !objects[match].IsIgnored && objects[i].IsIgnored) break;
            // The later of two that overlap alike, as COCO's own code does.
            if (overlaps[i] < least) continue;
            (match, least) = (i, overlaps[i]);
        }
        return match;
    }

    static double Overlap(LabelledObject labelled, Box box) =>
        !labelled.IsCrowd ? labelled.Box.Overlap(box) : box.Shared(labelled.Box) is > 0 and var shared ? shared / box.Area : 0;
}
