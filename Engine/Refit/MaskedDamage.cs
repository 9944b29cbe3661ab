using System.Numerics.Tensors;
using OnnxEdit.Engine.Linear;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Refit;

/// <summary>
/// Damage of cells that no linear unit reads, above all the dimensions of queries and keys, whose reader is the
/// product of the two: they are masked at that reader, and the error this makes in the output of the next linear units
/// is measured, relative to the variance of the tensors these feed, as elimination curves count it. Where the queries
/// can be fitted to the scores (<see cref="ScoreFit"/>) the error is the one that is left after it.
/// </summary>
sealed class MaskedDamage
{
    /// <summary>Multiply-accumulates that all runs for one reader may take together.</summary>
    const double Work = 4e10;

    readonly NormalisedModel _model;
    readonly PrefixRunner _original;
    readonly ConsumerSlice[] _slices;
    readonly List<UnitTarget> _targets;
    readonly IReadOnlyDictionary<string, double> _gains;
    readonly (bool Queries, bool Keys) _fit;
    readonly CancellationToken _cancellation;
    ScoreFit? _scores;

    MaskedDamage(NormalisedModel model, PrefixRunner original, ConsumerSlice[] slices, List<UnitTarget> targets,
        IReadOnlyDictionary<string, double> gains, (bool Queries, bool Keys) fit, CancellationToken cancellation) =>
        (_model, _original, _slices, _targets, _gains, _fit, _cancellation) = (model, original, slices, targets, gains, fit, cancellation);

    /// <summary>Error that each cell adds, when the cells go in the order of their own errors; null where it cannot be measured.</summary>
    /// <param name="model">The original model.</param>
    /// <param name="original">Its activations.</param>
    /// <param name="slices">The inputs of one reader that lose channels.</param>
    /// <param name="cells">Cells to measure.</param>
    /// <param name="units">All linear units of the model.</param>
    /// <param name="gains">What a relative error in a tensor counts, see <see cref="ErrorGains"/>.</param>
    /// <param name="fit">True when the first operand of the reader, a product, can be fitted to what is left of the second.</param>
    /// <param name="cancellation">Stops between batches.</param>
    public static Dictionary<int, double>? Measure(
        NormalisedModel model, PrefixRunner original, ConsumerSlice[] slices, int[] cells, IReadOnlyList<UnitTarget> units,
        IReadOnlyDictionary<string, double> gains, (bool Queries, bool Keys) fit, CancellationToken cancellation)
    {
        // Activations are kept item by item; recurrent layers read [time, batch, channels].
        if (model.Trace.HasDynamicBatch && slices.Any(s => model.Trace.BatchAxis(s.Node.Input[s.Input]) != 0)) return null;
        var targets = Next(model, slices[0].Node, units);
        return targets.Count == 0 || cells.Length == 0 ? null : new MaskedDamage(model, original, slices, targets, gains, fit, cancellation).Run(cells);
    }

    // The linear units that read what the node makes, with no other unit between.
    static List<UnitTarget> Next(NormalisedModel model, NodeProto node, IReadOnlyList<UnitTarget> units)
    {
        var byNode = units.ToDictionary(t => t.Unit.Node);
        var pending = new Queue<NodeProto>([node]);
        HashSet<NodeProto> seen = new(ReferenceEqualityComparer.Instance);
        List<UnitTarget> found = [];
        while (pending.TryDequeue(out var next))
        {
            if (!seen.Add(next)) continue;
            if (next != node && byNode.TryGetValue(next, out var target)) found.Add(target);
            else
                foreach (var output in next.Output)
                    foreach (var reader in model.Index.Consumers(output)) pending.Enqueue(reader);
        }
        return found;
    }

    Dictionary<int, double>? Run(int[] cells)
    {
        string[] inputs = [.. _slices.Select(s => s.Node.Input[s.Input])];
        string[] outputs = [.. _targets.Select(t => t.Unit.Output)];
        _original.Compute([.. inputs, .. outputs, .. _targets.Select(t => t.Tensor)], _cancellation);
        var part = Part(outputs);
        var images = Images(part, cells.Length);
        _scores = _fit.Queries ? ScoreFit.Measure(_model, _original, _slices[0].Node, _fit.Keys) : null;
        using var runner = new BatchRunner(part);
        var powers = _targets.Select(t => Power(t, images) / Math.Max(1e-30, _gains.GetValueOrDefault(t.Tensor, 1))).ToArray();
        double Error(IEnumerable<int> gone) => Errors(runner, [.. gone], outputs, images).Zip(powers, (e, p) => e / Math.Max(p, 1e-30)).Sum();

        var single = cells.ToDictionary(c => c, c => Error([c]));
        Dictionary<int, double> damage = [];
        List<int> removed = [];
        var before = 0.0;
        foreach (var cell in cells.OrderBy(c => single[c]).ThenBy(c => c))
        {
            removed.Add(cell);
            var now = Error(removed);
            damage[cell] = Math.Max(0, now - before);
            before = Math.Max(before, now);
        }
        return damage;
    }

    // A fitted first operand drops the dimensions on its own.
    ConsumerSlice[] Masked => _fit.Queries ? [.. _slices.Where(s => s.Input == 0)] : _slices;

    // From what is stored to the next units, with the reader's inputs multiplied by masks that are inputs.
    ModelProto Part(string[] outputs)
    {
        string[] given = [.. _original.Names.Except(outputs)];
        var part = SubgraphExtraction.Between(_model.Proto, _model.Trace, given, outputs);
        FloatBoundary.Apply(part, _model.Trace);
        var reader = part.Graph.Node.First(n => n.Output.SequenceEqual(_slices[0].Node.Output));
        var at = part.Graph.Node.IndexOf(reader);
        for (var s = 0; s < Masked.Length; s++)
        {
            var (tensor, own) = (reader.Input[Masked[s].Input], $"mask_{s}");
            var type = _model.Trace.ElementType(Masked[s].Node.Input[Masked[s].Input]);
            InternalGraph.Input(part.Graph, own, DataType.Float, _model.Trace.Shape(Masked[s].Node.Input[Masked[s].Input]).Length);
            var cast = NodeAttributes.Node("Cast", [own], [$"{own}_cast"]);
            cast.Set("to", (long)type);
            part.Graph.Node.Insert(at++, cast);
            part.Graph.Node.Insert(at++, NodeAttributes.Node(_fit.Queries ? "MatMul" : "Mul", [tensor, $"{own}_cast"], [$"{own}_applied"]));
            reader.Input[Masked[s].Input] = $"{own}_applied";
        }
        return part;
    }

    int Images(ModelProto part, int cells)
    {
        var names = new NodeNames(_model.Proto.Graph);
        var made = part.Graph.Node.SelectMany(n => n.Output).ToHashSet();
        var counts = ModelCounts.Of(_model.Proto, _model.Trace.Sizes).Nodes.GroupBy(n => n.Name).ToDictionary(n => n.Key, n => n.First().Macs ?? 0);
        var macs = _model.Proto.Graph.Node.Where(n => n.Output.Any(made.Contains)).Sum(n => (double)counts.GetValueOrDefault(names.Of(n)));
        return (int)Math.Clamp(Work / (2.0 * cells * Math.Max(1, macs)), Math.Min(32, _original.Count), _original.Count);
    }

    double[] Errors(BatchRunner runner, HashSet<int> gone, string[] outputs, int images)
    {
        var errors = new double[outputs.Length];
        BatchInput[] masks = _fit.Queries ? [Map(gone)] : [.. _slices.Select(s =>
        {
            var shape = Enumerable.Repeat(1L, _model.Trace.Shape(s.Node.Input[s.Input]).Length).ToArray();
            shape[s.Channels.Axis] = s.Channels.Ids.Length;
            return new BatchInput(Array.ConvertAll(s.Channels.Ids, c => gone.Contains(c) ? 0f : 1f), shape);
        })];
        float[][] known = [.. outputs.Select(o => new float[_original.Batch * _original.RowLength(o)])];
        _original.StreamPart(runner, (first, count, o, values, _) =>
        {
            _original.Read(outputs[o], first, count, known[o]);
            var distance = TensorPrimitives.Distance(values, known[o].AsSpan(0, values.Length));
            errors[o] += (double)distance * distance;
        }, _cancellation, (_, _) => masks, images);
        for (var o = 0; o < outputs.Length; o++) errors[o] /= images;
        return errors;
    }

    // What mapped queries and keys do to their product, as matrices on the queries: [1, .., D, D].
    BatchInput Map(HashSet<int> gone)
    {
        var slice = Masked[0];
        var ids = slice.Channels.Ids;
        var size = ids.Length;
        int[] left = [.. Enumerable.Range(0, size).Where(i => !gone.Contains(ids[i]))];
        long[] shape = [1, .. _model.Trace.Shape(slice.Node.Input[slice.Input]).Skip(1).SkipLast(2), size, size];
        var matrices = (int)shape.SkipLast(2).Aggregate(1L, (a, b) => a * b);
        var values = new float[matrices * size * size];
        for (var m = 0; m < matrices && left.Length > 0; m++)
        {
            var keys = _scores!.KeyMap([m], left);
            var queries = _scores.QueryMap([m], _ => keys);
            for (var d = 0; d < size; d++)
                for (var e = 0; e < size; e++)
                    for (var a = 0; a < left.Length; a++) values[(m * size + d) * size + e] += queries[a][d] * keys[a][e];
        }
        return new BatchInput(values, shape);
    }

    // Variance per image of the tensor that a unit feeds, summed over its elements.
    double Power(UnitTarget target, int images)
    {
        var shape = _original.Shape(target.Tensor);
        var axis = target.Unit.IsConv ? 1 : shape.Length - 1;
        var (channels, inner, length) = ((int)shape[axis], (int)shape.Skip(axis + 1).Aggregate(1L, (a, b) => a * b), _original.RowLength(target.Tensor));
        var (sums, squares) = (new double[channels], 0.0);
        var row = new float[length];
        for (var n = 0; n < images; n++)
        {
            _original.Read(target.Tensor, n, 1, row);
            for (var i = 0; i < length; i++)
            {
                sums[i / inner % channels] += row[i];
                squares += (double)row[i] * row[i];
            }
        }
        var per = (double)images * length / channels * (_original.Padding?.Covers(shape) == true ? _original.Padding.Share(images) : 1);
        return (squares - sums.Sum(s => s * s / per)) / images;
    }
}
