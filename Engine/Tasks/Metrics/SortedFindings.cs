namespace OnnxEdit.Engine.Tasks.Metrics;

/// <summary>What was found of one class in all pictures, the surest first, each with the group that its picture is in.</summary>
sealed class SortedFindings
{
    // k * 0.01 and not k / 100: at a recall of exactly 0.07 or 0.29 the last bit decides, and COCO's code multiplies.
    static readonly double[] _recalls = [.. Enumerable.Range(0, 101).Select(k => k == 100 ? 1 : k * 0.01)];

    readonly ClassFindings.Finding[] _found;
    readonly int[] _objects;
    readonly double[] _recall, _precision;

    /// <param name="found">The detections, in their order.</param>
    /// <param name="objects">Number of objects that count, by group.</param>
    public SortedFindings(ClassFindings.Finding[] found, int[] objects)
    {
        // Behind the last that is right nowhere precision only falls and recall stays.
        _found = found[..(Array.FindLastIndex(found, f => f.Right != 0) + 1)];
        _objects = objects;
        (_recall, _precision) = (new double[_found.Length], new double[_found.Length]);
    }

    /// <summary>Number of objects that count, in all groups but one.</summary>
    public int Objects(int? without) => _objects.Sum() - (without is { } group ? _objects[group] : 0);

    /// <summary>Mean precision over the 101 recalls at overlap <paramref name="t"/>, in all groups but one.</summary>
    public double AveragePrecision(int t, int? without)
    {
        var (objects, bit, left) = (Objects(without), 1 << t, without ?? -1);
        var (right, wrong, count) = (0, 0, 0);
        foreach (var finding in _found)
        {
            if (finding.Picture == left || (finding.Ignored & bit) != 0) continue;
            if ((finding.Right & bit) == 0)
            {
                wrong++;
                continue;
            }
            right++;
            // Behind a wrong one recall is as before and precision lower, so that it is the best at no recall.
            (_recall[count], _precision[count++]) = ((double)right / objects, (double)right / (right + wrong));
        }
        for (var i = count - 2; i >= 0; i--) _precision[i] = Math.Max(_precision[i], _precision[i + 1]);
        var (sum, at) = (0.0, 0);
        foreach (var recall in _recalls)
        {
            while (at < count && _recall[at] < recall) at++;
            if (at == count) break;
            sum += _precision[at];
        }
        return sum / _recalls.Length;
    }
}
