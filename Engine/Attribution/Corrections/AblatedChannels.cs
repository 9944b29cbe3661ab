using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Slimming;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Components;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Attribution.Corrections;

/// <summary>
/// Removes from an edited model the channels that nothing but wholly ablated components make. What is left is re-fitted, so that
/// the constants they stood for are not missed.
/// </summary>
static class AblatedChannels
{
    /// <summary>Removes them.</summary>
    /// <param name="edited">The edited model.</param>
    /// <param name="components">The components of the model before, whose nodes kept their outputs.</param>
    /// <param name="mask">What is left of each component; 0: nothing.</param>
    /// <param name="calibration">Images to fit to; no labels needed.</param>
    /// <param name="output">Which output holds the logits; null: found by itself.</param>
    /// <param name="seed">Seed of the places that are fitted to.</param>
    /// <param name="progress">Told of the work.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <returns>The smaller model, or null where all channels are needed.</returns>
    /// <exception cref="OnnxEngineException">Verification fails.</exception>
    public static SlimResult? Remove(
        OnnxModel edited, ComponentMap components, float[] mask, ItemSet calibration, string? output, ulong seed, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        var analysis = ChannelAnalysis.Of(DataShapes.Normalised(edited.Proto, null, calibration));
        var removed = Removable(analysis, components, mask);
        if (!removed.Contains(true)) return null;
        var plan = new SlimPlan
        {
            SourceSha256 = edited.Sha256,
            Score = "coar edit",
            Statistics = "attributions",
            Budget = "wholly ablated components",
            Align = 1,
            Seed = seed,
            Removed = SlimPlan.Describe(analysis, removed),
        };
        var options = new SlimOptions { Plan = plan, Seed = seed, Evaluation = new EvaluationOptions { Output = output } };
        return Slimmer.Slim(edited, new SlimData { Calibration = calibration }, options, progress, cancellation);
    }

    static bool[] Removable(ChannelAnalysis analysis, ComponentMap components, float[] mask)
    {
        var gone = new HashSet<(string Tensor, int Channel)>();
        for (var l = 0; l < components.Layers.Count; l++)
        {
            var layer = components.Layers[l];
            if (!layer.HasWeights) continue;
            for (var i = 0; i < layer.Count; i++)
                if (mask[components.First(l) + i] == 0) gone.Add((layer.Tensor, i));
        }
        // A cell is made in several places where sums join layers; it goes only if all of them are ablated.
        var needed = new bool[analysis.CellCount];
        var made = new bool[analysis.CellCount];
        foreach (var producer in analysis.Producers)
            for (var i = 0; i < producer.Ids.Length; i++)
            {
                if (producer.Ids[i] is not (>= 0 and var cell)) continue;
                made[cell] = true;
                if (!gone.Contains((producer.Node.Output[0], i))) needed[cell] = true;
            }
        var (removed, guard) = (new bool[analysis.CellCount], new LastChannelGuard(analysis));
        for (var cell = 0; cell < removed.Length; cell++)
        {
            if (!made[cell] || needed[cell] || analysis.LockOf(cell) is not null || !guard.MayRemove([cell])) continue;
            guard.Remove(cell);
            removed[cell] = true;
        }
        return removed;
    }
}
