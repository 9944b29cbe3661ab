namespace OnnxEdit.Engine.Tasks.Detection;

/// <summary>Of boxes of one class that overlap, only the surest is kept (non-maximum suppression).</summary>
static class BoxSuppression
{
    /// <summary>The share that two boxes of one class may overlap by.</summary>
    internal const double Overlap = 0.65;

    /// <summary>The most objects of a picture.</summary>
    internal const int Limit = 300;

    // More candidates than anybody's detector has that works; their search for overlaps is bounded by it.
    const int Candidates = 30_000;

    /// <summary>The boxes that are kept, the surest first; of equal scores the first.</summary>
    public static IReadOnlyList<DetectedBox> Keep(IEnumerable<DetectedBox> boxes)
    {
        Dictionary<int, List<DetectedBox>> kept = [];
        List<DetectedBox> all = [];
        foreach (var box in boxes.OrderByDescending(box => box.Score).Take(Candidates))
        {
            if (!kept.TryGetValue(box.Class, out var own)) kept.Add(box.Class, own = []);
            if (own.Exists(other => other.Box.Overlap(box.Box) > Overlap)) continue;
            own.Add(box);
            all.Add(box);
            if (all.Count == Limit) break;
        }
        return all;
    }
}
