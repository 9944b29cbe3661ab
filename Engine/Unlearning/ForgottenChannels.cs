using System.Globalization;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Edits;
using OnnxEdit.Engine.Linear;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Slimming;
using OnnxEdit.Engine.Statistics;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;

namespace OnnxEdit.Engine.Unlearning;

/// <summary>
/// Removes the channels that only classes to forget use, physically: ranked by <see cref="ClassContrast"/>, as many as cost the
/// other classes no more than the limit on validation images after what reads them is re-fitted on images of these classes.
/// </summary>
sealed class ForgottenChannels(
    EditDraft draft, LastLayer last, ClassImages images, ForgetMeter meter, ForgetMeter.Measured original, ItemSet validation,
    UnlearnOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
{
    /// <summary>Images that recovery uses at most.</summary>
    const int RecoveryImages = 2000;

    /// <summary>A model without some channels.</summary>
    /// <param name="Model">The model, recovered, not yet re-fitted.</param>
    /// <param name="Groups">What became smaller.</param>
    /// <param name="Basis">One sentence.</param>
    internal sealed record Removal(NormalisedModel Model, IReadOnlyList<SlimmedGroup> Groups, string Basis);

    readonly ChannelAnalysis _analysis = ChannelAnalysis.Of(draft.Baseline);

    /// <summary>Chooses and removes.</summary>
    /// <exception cref="OnnxEngineException">No channel qualifies, or none can go within the limit (<see cref="ErrorKind.TargetNotReached"/>).</exception>
    public Removal Remove()
    {
        var ranked = Ranked();
        if (ranked.Length == 0)
            throw new OnnxEngineException(ErrorKind.TargetNotReached,
                "No channel surely serves the forgotten classes more than any class that stays, so none can be removed; leave out UnlearnOptions.Physical to make the network forget with all its channels.");
        // The most that keeps to the limit, by halving.
        var (fits, exceeds) = (0, ranked.Length + 1);
        ModelCandidate? best = null;
        for (var count = ranked.Length; ; count = (fits + exceeds) / 2)
        {
            var candidate = Without(ranked[..count]);
            var drop = 100 * (original.Evaluation.On(options.Stays) - meter.Measure(candidate.Model.Proto, validation).Evaluation.On(options.Stays));
            if (drop <= options.RetainDrop) (fits, best) = (count, candidate);
            else exceeds = count;
            if (exceeds - fits <= 1) break;
        }
        if (best is null)
            throw new OnnxEngineException(ErrorKind.TargetNotReached, FormattableString.Invariant(
                $"Without even one of the {ranked.Length} channels that serve the forgotten classes most, the others lose more than {options.RetainDrop:0.##} points on the validation items; allow more with UnlearnOptions.RetainDrop, or leave out UnlearnOptions.Physical."));
        SlimmedGroup[] groups = [.. _analysis.Groups.Where(g => g.Cells.Any(c => best.Removed[c])).Select(g => new SlimmedGroup(g.Name, g.Cells.Count, g.Cells.Count(c => !best.Removed[c])))];
        draft.Replace(best.Model.Proto);
        return new Removal(best.Model, groups, string.Create(CultureInfo.InvariantCulture,
            $"{fits} of {ranked.Length} channels that surely serve the forgotten classes more than any other removed, what read them re-fitted on {Recovery.Count:N0} items of other classes."));
    }

    sealed record ModelCandidate(NormalisedModel Model, bool[] Removed);

    ItemSet Recovery => images.Retained.Count <= RecoveryImages ? images.Retained : images.Retained.Select([.. Enumerable.Range(0, RecoveryImages)]);

    // Cells that qualify, the surest first, ties by index; every tensor keeps a channel.
    int[] Ranked()
    {
        var statistics = CalibrationStatistics.Collect(draft.Source, _analysis, images.All,
            new StatisticsOptions { Output = options.Evaluation.Output, MeanMaps = false, IndependenceImages = 0, Grams = false, ClassSums = false, Seed = options.Seed }, progress, cancellation);
        var contrasts = ClassContrast.Compute(_analysis, statistics, options.Classes);
        var guard = new LastChannelGuard(_analysis);
        List<int> ranked = [];
        foreach (var cell in Enumerable.Range(0, contrasts.Length).Where(c => contrasts[c] > 0).OrderByDescending(c => contrasts[c]).ThenBy(c => c))
        {
            if (!guard.MayRemove([cell])) continue;
            guard.Remove(cell);
            ranked.Add(cell);
        }
        return [.. ranked];
    }

    ModelCandidate Without(int[] cells)
    {
        var removed = new bool[_analysis.CellCount];
        foreach (var c in cells) removed[c] = true;
        var slim = ChannelRemoval.Apply(_analysis, removed);
        draft.Replace(slim);
        draft.MustEqual(MaskInsertion.Apply(_analysis, removed));
        using (var context = new RecoveryContext(_analysis, slim, removed, Recovery, options.Batch))
            LeastSquaresRecovery.Apply(context, new SlimOptions { Seed = options.Seed, Batch = options.Batch, Effort = SlimEffort.For(_analysis.Model, Recovery.Count) }, progress, cancellation);
        KeepLast(slim);
        return new ModelCandidate(NormalisedModel.Create(slim, _analysis.Model.InputSizes, _analysis.Model.Trace.Fed), removed);
    }

    // Recovery re-fits all that reads something changed; a last layer that lost no feature is to stay as it was.
    void KeepLast(ModelProto slim)
    {
        var (weights, bias) = last.Unit.Read();
        var node = slim.Graph.Node.First(n => n.Output[0] == last.Unit.Node.Output[0]);
        var unit = LinearUnit.Of(node, slim.Graph, new GraphIndex(slim.Graph))!;
        if (unit.Read().Weights.Length == weights.Length) unit.Write(weights, bias);
    }
}
