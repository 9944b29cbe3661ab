using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Graph;

/// <summary>
/// Which nodes computed the same from sizes that differed between the runs of a trace, and so may compute something else at
/// sizes that were not tried: a quarter of the batch, what is lacking to a multiple of 32, whether a size is above a bound.
/// </summary>
/// <param name="index">The graph.</param>
/// <param name="trace">Its trace.</param>
sealed class HiddenSizes(GraphIndex index, ShapeTrace trace)
{
    // What only hands numbers on.
    static readonly HashSet<string> _moves =
        ["Shape", "Size", "Gather", "Slice", "Split", "Squeeze", "Unsqueeze", "Concat", "Reshape", "Flatten", "Transpose", "Identity", "Expand", "Tile", "ScatterElements", "ScatterND"];

    /// <summary>True for such a node.</summary>
    public bool Has(NodeProto node) => !_moves.Contains(node.OpType) && !AsksForNoSize(node) && trace.Others.Any(run => Hides(node, run));

    bool Hides(NodeProto node, TraceRuns.Values run)
    {
        bool Any(Func<string, int, bool> test, IEnumerable<string> tensors, int place) => tensors.Any(t => t.Length > 0 && test(t, place));
        bool Differs(string tensor, int place) => First(tensor) is { } here && run.GetValueOrDefault(tensor) is { } there && Differ(here, there, place);
        bool IsUnknown(string tensor, int _) => First(tensor)?.Bytes is null;
        if (Any(IsUnknown, node.Output, 0)) return false;
        // Element by element where all are as long, or one number for all.
        var counts = node.Input.Concat(node.Output).Where(t => t.Length > 0).Select(Count).Where(c => c != 1).Distinct().ToArray();
        var places = counts is [var count and > 0 and <= TraceRuns.LargestShapeVector] ? Enumerable.Range(0, (int)count) : [-1];
        return places.Any(place => Any(Differs, node.Input, place) && !Any(Differs, node.Output, place));
    }

    // Elements of a tensor; 0 where it has no shape, as a list of tensors.
    long Count(string tensor) => trace.Shapes.TryGetValue(tensor, out var shape) ? shape.Aggregate(1L, (a, b) => a * b) : 0;

    // Place -1 is the whole tensor; a tensor of one number has it in every place.
    static bool Differ(TraceRuns.Found here, TraceRuns.Found there, int place)
    {
        if (!here.Shape.AsSpan().SequenceEqual(there.Shape)) return true;
        if (here.Bytes is not { } a || there.Bytes is not { } b) return false;
        var count = (int)here.Shape.Aggregate(1L, (x, y) => x * y);
        if (place < 0 || count <= 1) return !a.AsSpan().SequenceEqual(b);
        var width = a.Length / count;
        return !a.AsSpan(place * width, width).SequenceEqual(b.AsSpan(place * width, width));
    }

    // What no node makes is a constant.
    TraceRuns.Found? First(string tensor) => trace.First?.GetValueOrDefault(tensor);

    // Exporters ask which entries of a shape are -1: no size is.
    bool AsksForNoSize(NodeProto node) => node.OpType == "Equal" && node.Input.Any(i => IsAlwaysNegative(i) && node.Input.All(other => other == i || IsSize(other)));

    bool IsAlwaysNegative(string tensor) => trace.Integers(tensor) is var (first, second)
        && Array.TrueForAll(first, v => v < 0) && first.AsSpan().SequenceEqual(second) && first.AsSpan().SequenceEqual(trace.OtherIntegers(tensor));

    bool IsSize(string tensor) => index.Initializer(tensor) is not null || index.Producer(tensor) is { } node && node.IsStandard() && node.OpType switch
    {
        "Shape" or "Size" => true,
        "Mul" or "Add" => node.Input.All(i => IsSize(i) && !IsBelowZero(i)),
        _ => _moves.Contains(node.OpType) && node.Input.All(i => i.Length == 0 || IsSize(i)),
    };

    bool IsBelowZero(string tensor) => trace.Integers(tensor) is not var (first, _) || first.Any(v => v < 0);
}
