using System.Globalization;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;

namespace OnnxEdit.Engine.Unlearning;

/// <summary>
/// DisCEdit-U (Murti et al. 2024): layer by layer, front to back on the model as it is edited so far, channels whose witness
/// values tell the class from the others are set to zero - weights, bias and normalisation. Which witness, which layers and
/// how many channels are options; where no score stands out nothing goes.
/// </summary>
sealed class DisceditUnlearning(NormalisedModel model, LastLayer last, UnlearnOptions options)
{
    readonly WitnessScores _witness = new(model, options.Witness, options.Seed);

    /// <summary>Edits the weights in place.</summary>
    /// <returns>How many channels went, of how many layers.</returns>
    /// <exception cref="OnnxEngineException">There is no such layer (<see cref="ErrorKind.Usage"/>), or none at all (<see cref="ErrorKind.Model"/>).</exception>
    public (int Channels, int Layers) Apply(ClassImages images, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        var layout = ItemLayout.Of(model);
        if (!layout.IsBatched && model.Trace.Shape(model.Index.Inputs[0].Name)[0] != 1)
            throw LastLayer.Unsuitable("it insists on a batch of its own; export it with a batch of 1 or an open one");
        var sites = Sites();
        using var others = new PrefixRunner(model.Proto, layout, images.Retained, options.Batch);
        var classes = images.Forgotten.Values.ToArray();
        var own = AllOrNone.Make(classes.Length, i => new PrefixRunner(model.Proto, layout, classes[i], options.Batch));
        var gone = 0;
        try
        {
            for (var s = 0; s < sites.Length; s++)
            {
                progress?.Report(new WorkProgress("scoring layers", s, sites.Length));
                gone += Edit(sites[s], s, others, own, cancellation);
                string[] future = [.. sites.Skip(s + 1).Select(t => t.Output)];
                foreach (var prefix in own.Prepend(others)) prefix.Forget(future);
            }
        }
        finally
        {
            foreach (var prefix in own) prefix.Dispose();
        }
        progress?.Report(new WorkProgress("scoring layers", sites.Length, sites.Length));
        return (gone, sites.Length);
    }

    EditSite[] Sites()
    {
        var all = EditSite.All(model, last);
        if (all.Count == 0) throw LastLayer.Unsuitable("it has fewer than two linear layers with constant weights, so there is no body in front of the classifier");
        if (options.Layers.Count == 0) return [.. all.TakeLast(Math.Max(1, (int)Math.Ceiling(options.Tail * all.Count)))];
        var chosen = options.Layers.Select(wanted => all.FindIndex(s => s.Name == wanted) is var at and >= 0 ? at
            : int.TryParse(wanted, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= all.Count ? number - 1
            : throw new OnnxEngineException(ErrorKind.Usage,
                $"There is no layer '{wanted}': the model has {all.Count}, 1 '{all[0].Name}' to {all.Count} '{all[^1].Name}'.")).ToHashSet();
        return [.. all.Where((_, i) => chosen.Contains(i))];
    }

    int Edit(EditSite site, int number, PrefixRunner others, PrefixRunner[] own, CancellationToken cancellation)
    {
        foreach (var prefix in own.Prepend(others)) prefix.Compute([site.Output], cancellation);
        HashSet<int> chosen = [];
        foreach (var prefix in own) chosen.UnionWith(Choose(_witness.Of(site, number, prefix, others)));
        if (chosen.Count == 0) return 0;
        site.Zero(chosen);
        foreach (var prefix in own.Prepend(others)) prefix.Renew(site.Output, cancellation);
        return chosen.Count;
    }

    // A fixed number, but never all of a layer; else those that stand out. Ties by index.
    IEnumerable<int> Choose(double[] scores)
    {
        if (options.PerLayer is { } count) return Enumerable.Range(0, scores.Length).OrderByDescending(k => scores[k]).ThenBy(k => k).Take(Math.Min(count, scores.Length - 1));
        var mean = scores.Average();
        var deviation = Math.Sqrt(Math.Max(0, scores.Average(s => s * s) - mean * mean));
        return Enumerable.Range(0, scores.Length).Where(k => scores[k] > mean + options.Deviations * deviation);
    }
}
