using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Engine.Tasks.Detection;

namespace OnnxEdit.Engine.Tasks.Metrics;

/// <summary>What was found of one class, picture by picture.</summary>
sealed class ClassFindings
{
    readonly List<Finding> _found = [];
    readonly Dictionary<int, int> _objects = [];

    /// <summary>Takes a picture.</summary>
    /// <param name="picture">Its number.</param>
    /// <param name="objects">The objects of the class in it.</param>
    /// <param name="surest">The detections of the class in it, the surest first.</param>
    public void Add(int picture, IReadOnlyList<LabelledObject> objects, IReadOnlyList<DetectedBox> surest)
    {
        _objects[picture] = objects.Count(o => !o.IsIgnored);
        var marks = BoxMatching.Match(objects, [.. surest.Select(d => d.Box)]);
        _found.AddRange(surest.Zip(marks, (d, mark) => new Finding(d.Score, picture, mark.Right, mark.Ignored)));
    }

    /// <summary>All of them, the surest first; of equal scores those of the earlier picture.</summary>
    /// <param name="groups">Number of groups that the pictures are dealt to, one after the other.</param>
    public SortedFindings Sorted(int groups)
    {
        var objects = new int[groups];
        foreach (var (picture, count) in _objects) objects[picture % groups] += count;
        return new SortedFindings([.. _found.OrderByDescending(f => f.Score).ThenBy(f => f.Picture).Select(f => f with { Picture = f.Picture % groups })], objects);
    }

    /// <summary>A detection and the overlaps, as bits, at which it is right and at which it counts for nothing.</summary>
    internal readonly record struct Finding(float Score, int Picture, ushort Right, ushort Ignored);
}
