using OnnxEdit.Engine.Linear;
using OnnxEdit.Engine.Refit.Columns;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Refit;

/// <summary>
/// Sums Gram and cross-product matrices of a linear unit over a calibration set. Each batch is one ONNX graph run
/// by ONNX Runtime in float32; the batches are summed in double.
/// </summary>
sealed class GramCollector(ulong seed, int positionsPerImage)
{
    /// <summary>Writes the targets of a batch: first image, images, destination [images, channels, positions] flattened as the output tensor is.</summary>
    public delegate void TargetWriter(int first, int count, Span<float> destination);

    /// <summary>
    /// What a relu-aware fit needs: the unit with its current weights, and the original values before the Relu.
    /// </summary>
    public sealed record Current(LinearUnit Unit, float[,] Weights, float[] Bias, long[] WeightDims, TargetWriter Original);

    /// <summary>Makes the inputs of <see cref="PatchGraph.AddInputs"/> for batches.</summary>
    /// <param name="patches">Geometry of the unit.</param>
    /// <param name="stream">Random stream that draws the positions.</param>
    /// <param name="prefix">Where the items and their padding are.</param>
    /// <returns>From (first image, images) to the inputs.</returns>
    public Func<int, int, BatchInput[]> Sampler(PatchGraph patches, ulong stream, PrefixRunner prefix)
    {
        var batch = prefix.Batch;
        var sites = patches.IsConv ? Math.Min(positionsPerImage, patches.Positions) : patches.Positions;
        var draw = new Philox4x32(seed, stream);
        var ones = new float[patches.Groups * batch * patches.Maps * sites];
        Array.Fill(ones, 1f);
        return (first, n) =>
        {
            BatchInput one = new(ones, [patches.Groups, 1, n * patches.Maps * sites]);
            var drawn = patches.IsConv ? Draw(draw, patches.Positions, sites) : null;
            if (patches.IsMasked) Mask(ones, patches, prefix.Padding!.Weights(patches.PositionShape, first, n), n, drawn);
            return drawn is null ? [one] : [one, new([], [sites], drawn), new([], [patches.Taps, sites], patches.TapIndices(drawn))];
        };
    }

    // Weights by (item, position), brought to the columns of the patch matrix, which every group has once.
    static void Mask(float[] ones, PatchGraph patches, float[] weights, int items, long[]? drawn)
    {
        var columns = ones.AsSpan(0, patches.Groups * items * patches.Maps * (drawn?.Length ?? patches.Positions));
        var own = columns.Length / patches.Groups;
        var inner = items * patches.Maps * patches.Positions / weights.Length;
        for (var c = 0; c < own; c++)
        {
            var position = drawn is null ? c : c / drawn.Length * patches.Positions + (int)drawn[c % drawn.Length];
            columns[c] = weights[position / inner];
        }
        for (var g = 1; g < patches.Groups; g++) columns[..own].CopyTo(columns[(g * own)..]);
    }

    /// <summary>Collects the sums of every group of the unit.</summary>
    /// <param name="patches">Geometry of the unit.</param>
    /// <param name="input">The unit's input, stored in <paramref name="prefix"/>.</param>
    /// <param name="prefix">Activations of the network the inputs come from.</param>
    /// <param name="targetShape">Shape of the target for one item.</param>
    /// <param name="target">Supplies the targets.</param>
    /// <param name="stream">Random stream that draws the positions; the same stream draws the same positions.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <param name="current">Given: targets become prediction + relu-aware residual of the current weights.</param>
    /// <param name="known">Given: the Gram matrices of the same input at the same positions, which are then not formed again.</param>
    /// <param name="images">Images to use at most, the first ones.</param>
    /// <param name="halves">False leaves <see cref="GramSums.Half"/> out, which only fits need.</param>
    public GramSums[] Collect(
        PatchGraph patches, string input, PrefixRunner prefix, long[] targetShape, TargetWriter target, ulong stream,
        CancellationToken cancellation, Current? current = null, GramSums[]? known = null, int images = int.MaxValue, bool halves = true)
    {
        patches = patches.Without(prefix.Padding);
        var outputs = patches.OutChannels / patches.Groups;
        var few = halves && GramSums.AreFew(Columns(patches, Math.Min(images, prefix.Count)), patches.Rows);
        var sums = Enumerable.Range(0, patches.Groups).Select(g => new GramSums(patches.Rows, outputs, known?[g].Gram)
        {
            Half = few ? new GramSums(patches.Rows, outputs, known?[g].Half?.Gram) : null,
        }).ToArray();
        var half = few ? Array.ConvertAll(sums, s => s.Half!) : [];
        using var runner = new BatchRunner(Build(patches, input, prefix.Shape(input), targetShape, current, (graph, x, t) => AddProducts(graph, x, t, known is null)));
        prefix.Stream(runner, (first, _, o, values, _) =>
        {
            Accumulate(sums, runner.Outputs[o], values);
            if (few && first / prefix.Batch % 2 == 1) Accumulate(half, runner.Outputs[o], values);
        }, cancellation, Inputs(patches, prefix, targetShape, target, stream, current), images);
        if (sums.Any(s => !Array.TrueForAll(s.Gram, double.IsFinite) || !Array.TrueForAll(s.Cross, double.IsFinite) || !Array.TrueForAll(s.Power, double.IsFinite)))
            throw NotFinite(patches, input);
        return sums;
    }

    /// <summary>Collects the columns of every group of the unit one by one, of as many items as there is room for.</summary>
    /// <returns>Not centred.</returns>
    /// <inheritdoc cref="Collect"/>
    public PatchColumns[] CollectColumns(
        PatchGraph patches, string input, PrefixRunner prefix, long[] targetShape, TargetWriter target, ulong stream,
        CancellationToken cancellation, Current? current = null, int images = int.MaxValue)
    {
        patches = patches.Without(prefix.Padding);
        var each = Columns(patches, 1);
        var items = (int)Math.Clamp(PatchColumns.Most / each, 1, Math.Min(images, prefix.Count));
        var columns = Enumerable.Range(0, patches.Groups).Select(_ => new PatchColumns(patches.Rows, patches.OutChannels / patches.Groups, items * (int)each)).ToArray();
        using var runner = new BatchRunner(Build(patches, input, prefix.Shape(input), targetShape, current, AddColumns));
        float[] kept = [];
        prefix.Stream(runner, (first, _, o, values, _) =>
        {
            if (o == 0)
            {
                kept = values.ToArray();
                return;
            }
            for (var g = 0; g < columns.Length; g++) columns[g].Add(Part(kept, g, columns.Length), Part(values, g, columns.Length), first / prefix.Batch % 2 == 1);
        }, cancellation, Inputs(patches, prefix, targetShape, target, stream, current), items);
        return Array.TrueForAll(columns, c => c.IsFinite) ? columns : throw NotFinite(patches, input);
    }

    /// <summary>Whether the columns of a unit are to be kept instead of their products.</summary>
    /// <param name="patches">Geometry of the unit.</param>
    /// <param name="items">Items that there are.</param>
    public bool IsWide(PatchGraph patches, int items) => PatchColumns.Applies(patches, Columns(patches, items));

    double Columns(PatchGraph patches, int items) =>
        (double)items * patches.Maps * (patches.IsConv ? Math.Min(positionsPerImage, patches.Positions) : patches.Positions);

    Func<int, int, BatchInput[]> Inputs(PatchGraph patches, PrefixRunner prefix, long[] targetShape, TargetWriter target, ulong stream, Current? current)
    {
        var targets = new BatchBuffer(prefix.Batch, targetShape, target);
        var originals = current is null ? null : new BatchBuffer(prefix.Batch, targetShape, current.Original);
        var sampler = Sampler(patches, stream, prefix);
        return (first, count) => originals is null
            ? [targets.Fill(first, count), .. sampler(first, count)]
            : [targets.Fill(first, count), originals.Fill(first, count), .. sampler(first, count)];
    }

    static ReadOnlySpan<float> Part(ReadOnlySpan<float> values, int part, int parts) => values.Slice(values.Length / parts * part, values.Length / parts);

    static OnnxEngineException NotFinite(PatchGraph patches, string input) => new(
        ErrorKind.Data, $"What {patches.Name} reads or feeds is not finite on the calibration data (input '{input}'); the data does not fit the model, or its weights hold such values.");

    static void Accumulate(GramSums[] sums, string output, ReadOnlySpan<float> values)
    {
        var each = values.Length / sums.Length;
        for (var g = 0; g < sums.Length; g++)
            GramSums.Add(output switch { "gram" => sums[g].Gram, "cross" => sums[g].Cross, _ => sums[g].Power }, values.Slice(g * each, each));
    }

    // Distinct positions, in order, by a partial shuffle.
    static long[] Draw(Philox4x32 random, int positions, int count)
    {
        var all = new long[positions];
        for (var i = 0; i < positions; i++) all[i] = i;
        for (var i = 0; i < count; i++)
        {
            var j = i + random.NextInt(positions - i);
            (all[i], all[j]) = (all[j], all[i]);
        }
        Array.Sort(all, 0, count);
        return all[..count];
    }

    static ModelProto Build(PatchGraph patches, string input, long[] inputShape, long[] targetShape, Current? current, Action<GraphProto, string, string> add)
    {
        var model = InternalGraph.Create();
        var graph = model.Graph;
        InternalGraph.Input(graph, input, DataType.Float, inputShape.Length);
        ReluAwareResidual.AddInputs(graph, targetShape.Length, current is not null);
        patches.AddInputs(graph);
        var target = "target";
        if (current is not null)
        {
            var z = ReluAwareResidual.AddUnit(graph, current.Unit, input, current.Weights, current.Bias, current.WeightDims, "z");
            var residual = ReluAwareResidual.AddResidual(graph, z, "target", "original");
            graph.Node.Add(NodeAttributes.Node("Add", [z, residual], [target = "target_aware"]));
        }
        add(graph, patches.AddPatches(graph, input), patches.AddTargets(graph, target));
        return model;
    }

    static void AddProducts(GraphProto graph, string x, string t, bool withGram)
    {
        var turned = Turned(graph, x);
        if (withGram) graph.Node.Add(NodeAttributes.Node("MatMul", [x, turned], ["gram"]));
        graph.Node.Add(NodeAttributes.Node("MatMul", [t, turned], ["cross"]));
        var power = NodeAttributes.Node("ReduceSumSquare", [t], ["power"]);
        power.Set("axes", [2L]);
        power.Set("keepdims", 0);
        graph.Node.Add(power);
        if (withGram) InternalGraph.Output(graph, "gram");
        InternalGraph.Output(graph, "cross");
        InternalGraph.Output(graph, "power");
    }

    static void AddColumns(GraphProto graph, string x, string t)
    {
        InternalGraph.Output(graph, Turned(graph, x));
        InternalGraph.Output(graph, Turned(graph, t));
    }

    static string Turned(GraphProto graph, string tensor)
    {
        var turned = NodeAttributes.Node("Transpose", [tensor], [$"{tensor}_turned"]);
        turned.Set("perm", 0, 2, 1);
        graph.Node.Add(turned);
        return turned.Output[0];
    }
}
