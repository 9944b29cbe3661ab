using OnnxEdit.Engine.Linear;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Slimming;

/// <summary>
/// Re-fits each unit that lost input channels from stored Gram sums of the original network alone:
/// W_S = W G_:S (G_SS + lambda I)^-1. Without images there is no walking front to back, so errors of earlier layers
/// are not corrected by later ones.
/// </summary>
static class StatisticsRecovery
{
    /// <summary>Adjusts the edited network in place; units without stored sums and binary ones keep their weights.</summary>
    /// <returns>How many units were adjusted.</returns>
    public static int Apply(ChannelAnalysis analysis, ModelProto slim, IReadOnlyList<bool> removed, GramSource grams)
    {
        var originals = UnitTarget.All(analysis.Model.Proto, analysis.Model.Trace).ToDictionary(t => t.Unit.Output);
        var slices = analysis.Consumers.Select((c, i) => (Slice: c, Number: i)).DistinctBy(p => p.Slice.Node).ToDictionary(p => p.Slice.Node.Output[0]);
        var count = 0;
        foreach (var target in UnitTarget.All(slim, analysis.Model.Trace))
        {
            if (!slices.TryGetValue(target.Unit.Node.Output[0], out var found) || !found.Slice.Channels.Ids.Any(c => c >= 0 && removed[c])) continue;
            if (target.Unit.IsBinary()) continue;
            var original = originals[target.Unit.Output];
            if (grams(found.Slice, original, found.Number) is not { } sums) continue;
            Refit(target.Unit, original.Unit, found.Slice, sums, PatchGraph.Of(original.Unit, analysis.Model), analysis, removed);
            count++;
        }
        return count;
    }

    static void Refit(
        LinearUnit unit, LinearUnit original, ConsumerSlice slice, GramSums[] sums, PatchGraph patches, ChannelAnalysis analysis, IReadOnlyList<bool> removed)
    {
        var per = patches.InChannels / patches.Groups;
        var (full, fullBias) = original.Read();
        var outputs = Kept(analysis, unit.Output, full.GetLength(0), removed);
        var (weights, bias) = unit.Read();
        if (patches.Groups > 1) return; // Groups shrink with their outputs; their weights are kept.
        var channels = Enumerable.Range(0, per).Where(c => slice.Channels.Ids[c] < 0 || !removed[slice.Channels.Ids[c]]).ToArray();
        int[] rows = [.. Enumerable.Range(0, patches.Taps).SelectMany(t => channels.Select(c => PatchOrder.Row(c, t, per)))];
        var own = PatchOrder.Get(full, 0, patches);
        var reduced = Reduce(sums[0], rows, outputs.Length, own, outputs, fullBias);
        var (w, b) = LeastSquares.Fit(reduced, unit.HasBias);
        for (var o = 0; o < outputs.Length; o++)
        {
            bias[o] = (float)b[o];
            for (var c = 0; c < channels.Length; c++)
                for (var t = 0; t < patches.Taps; t++) weights[o, c * patches.Taps + t] = (float)w[o, t * channels.Length + c];
        }
        unit.Write(weights, bias);
    }

    // Sums of the kept rows, with the original's own output as target.
    static GramSums Reduce(GramSums sums, int[] rows, int outputs, double[,] weights, int[] kept, float[] bias)
    {
        var k = sums.Rows;
        int[] all = [.. rows, k];
        var result = new GramSums(rows.Length, outputs);
        for (var i = 0; i < all.Length; i++)
            for (var j = 0; j < all.Length; j++) result.Gram[i * all.Length + j] = sums.Gram[all[i] * (k + 1) + all[j]];
        for (var o = 0; o < outputs; o++)
            for (var j = 0; j < all.Length; j++)
            {
                var sum = bias[kept[o]] * sums.Gram[k * (k + 1) + all[j]];
                for (var i = 0; i < k; i++) sum += weights[kept[o], i] * sums.Gram[i * (k + 1) + all[j]];
                result.Cross[o * all.Length + j] = sum;
            }
        return result;
    }

    static int[] Kept(ChannelAnalysis analysis, string tensor, int count, IReadOnlyList<bool> removed) =>
        analysis.Tensors.TryGetValue(tensor, out var channels)
            ? [.. Enumerable.Range(0, channels.Ids.Length).Where(i => channels.Ids[i] < 0 || !removed[channels.Ids[i]])]
            : [.. Enumerable.Range(0, count)];
}
