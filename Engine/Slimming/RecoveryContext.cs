using System.Numerics.Tensors;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Linear;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Slimming;

/// <summary>
/// The original and the edited network side by side over the same calibration images, and which of their tensors
/// correspond: the ground that recoveries stand on.
/// </summary>
sealed class RecoveryContext : IDisposable
{
    readonly ChannelAnalysis _analysis;
    readonly IReadOnlyList<bool> _removed;
    readonly ItemLayout _layout;

    /// <summary>Opens both networks.</summary>
    /// <param name="analysis">The original.</param>
    /// <param name="slim">The edited network, whose weights recoveries change in place.</param>
    /// <param name="removed">The cells it lacks.</param>
    /// <param name="images">Calibration images.</param>
    /// <param name="batch">Images per run.</param>
    public RecoveryContext(ChannelAnalysis analysis, ModelProto slim, IReadOnlyList<bool> removed, ItemSet images, int batch)
    {
        (_analysis, Slim, _removed, _layout) = (analysis, slim, removed, ItemLayout.Of(analysis.Model));
        var networks = AllOrNone.Make(2, i => new PrefixRunner(i == 0 ? analysis.Model.Proto : slim, _layout, images, batch));
        (Original, Edited) = (networks[0], networks[1]);
        Heads = new HeadTargets(analysis, removed, Original);
    }

    /// <summary>Activations of the original.</summary>
    public PrefixRunner Original { get; }

    /// <summary>Activations of the edited network.</summary>
    public PrefixRunner Edited { get; }

    /// <summary>Targets of queries, keys and values that lost dimensions.</summary>
    public HeadTargets Heads { get; }

    /// <summary>Shapes of the original.</summary>
    public ShapeTrace Trace => _analysis.Model.Trace;

    /// <summary>The edited network.</summary>
    public ModelProto Slim { get; }

    /// <summary>
    /// Units whose input differs from the original - it lost channels or comes from a unit that changed - and those with
    /// another target than their own original values. Binary ones (<see cref="LinearUnit.IsBinary"/>) are left out.
    /// </summary>
    public List<UnitTarget> Changed()
    {
        var units = UnitTarget.All(Slim, _analysis.Model.Trace).ToDictionary(t => t.Unit.Node, t => t);
        HashSet<string> changed = [.. _analysis.Consumers.Where(c => c.Channels.Ids.Any(i => i >= 0 && _removed[i])).Select(c => c.Node.Input[c.Input])];
        List<UnitTarget> result = [];
        foreach (var node in Slim.Graph.Node)
        {
            var isScored = units.TryGetValue(node, out var target) && Heads.Outputs.Contains(target.Unit.Output);
            if (!isScored && !node.Input.Any(changed.Contains)) continue;
            foreach (var o in node.Output) changed.Add(o);
            if (target is not null && !target.Unit.IsBinary()) result.Add(target);
        }
        return result;
    }

    /// <summary>Weight dims of a unit of the edited network.</summary>
    public long[] Dims(LinearUnit unit) => [.. Slim.Graph.Initializer.First(t => t.Name == unit.Node.Input[1]).Dims];

    /// <summary>Geometry of a unit of the edited network.</summary>
    public PatchGraph Geometry(LinearUnit unit) => new(unit, Dims(unit), Edited.Shape(unit.Input), TargetShape(unit.Output));

    /// <summary>Geometry of the same unit in the original, known before anything is computed.</summary>
    public PatchGraph OriginalGeometry(LinearUnit unit) => PatchGraph.Of(unit, _analysis.Model, _layout);

    /// <summary>Shape of a tensor in the edited network for one item.</summary>
    public long[] TargetShape(string tensor)
    {
        long[] shape = [.. _layout.RowShape(tensor)];
        if (_analysis.Tensors.TryGetValue(tensor, out var channels)) shape[channels.Axis] = Kept(channels).Length;
        return shape;
    }

    /// <summary>Reads original values of the kept channels of a tensor, minus the edited <paramref name="other"/> if given.</summary>
    public GramCollector.TargetWriter Writer(string tensor, string? other, long[] shape)
    {
        var full = _analysis.Model.Trace.Shape(tensor);
        var length = (int)shape.Aggregate(1L, (a, b) => a * b);
        var source = new float[Original.Batch * Original.RowLength(tensor)];
        var subtracted = other is null ? [] : new float[Edited.Batch * length];
        var axis = _analysis.Tensors.TryGetValue(tensor, out var channels) ? channels.Axis : 1;
        var kept = channels is null ? [.. Enumerable.Range(0, (int)full[axis])] : Kept(channels);
        var inner = (int)full.Skip(axis + 1).Aggregate(1L, (a, b) => a * b);
        var dim = (int)full[axis];
        return (first, count, destination) =>
        {
            Original.Read(tensor, first, count, source);
            var blocks = count * Original.RowLength(tensor) / (dim * inner);
            for (var b = 0; b < blocks; b++)
                for (var k = 0; k < kept.Length; k++)
                    source.AsSpan((b * dim + kept[k]) * inner, inner).CopyTo(destination[((b * kept.Length + k) * inner)..]);
            if (other is null) return;
            Edited.Read(other, first, count, subtracted);
            TensorPrimitives.Subtract(destination[..(count * length)], subtracted.AsSpan(0, count * length), destination);
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Original.Dispose();
        Edited.Dispose();
    }

    int[] Kept(AxisChannels channels) =>
        [.. Enumerable.Range(0, channels.Ids.Length).Where(i => channels.Ids[i] < 0 || !_removed[channels.Ids[i]])];
}
