using System.Numerics.Tensors;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Editing;

/// <summary>
/// Edits in closed form, one neuron per mistake: beside the last layer a small layer is set whose neurons each recognise
/// one edited image, and images made from it by mirroring and shifting, and raise the wanted logit there; for all other
/// images they stay silent. A neuron looks along the linear discriminant v = (S + ridge)^-1 (mean of the views - mean of
/// all), with mean and covariance S over images without labels, and fires above what (almost) all of those reach. (One
/// neuron per mistake: Huang et al., 2023, "Transformer-Patcher"; here without training.)
/// </summary>
sealed class PatchEditor
{
    // Shrinkage of the covariance relative to its mean diagonal; share of other images that must stay silent.
    const double Ridge = 1e-2, Silent = 0.999;

    // Logits that the label leads by, and rounds of raising gains where neurons of other edits work against one.
    const double Margin = 0.01;

    readonly float[][] _others;
    readonly double[] _mean;
    readonly CholeskyFactor _covariance;

    PatchEditor(float[][] others, double[] mean, CholeskyFactor covariance) => (_others, _mean, _covariance) = (others, mean, covariance);

    /// <summary>Measures images whose answers should stay.</summary>
    /// <param name="others">Their features, a row each; labels are not needed.</param>
    /// <exception cref="OnnxEngineException">Too few, or their features are not finite.</exception>
    public static PatchEditor Of(float[][] others)
    {
        if (others.Length < 50)
            throw new OnnxEngineException(ErrorKind.Data, $"Only {others.Length} items are there to keep other answers as they are; give DataOptions.Path with 50 or more (a few thousand are better).");
        var d = others[0].Length;
        var mean = new double[d];
        foreach (var row in others)
            for (var k = 0; k < d; k++) mean[k] += row[k] / (double)others.Length;
        var covariance = Enumerable.Range(0, d).Select(_ => new double[d]).ToArray();
        var centred = new double[d];
        foreach (var row in others)
        {
            for (var k = 0; k < d; k++) centred[k] = row[k] - mean[k];
            for (var i = 0; i < d; i++) TensorPrimitives.MultiplyAdd(centred, centred[i] / others.Length, covariance[i], covariance[i]);
        }
        return new PatchEditor(others, mean, RidgeFactor.Of(covariance, Ridge));
    }

    /// <summary>The neurons that give images their labels.</summary>
    /// <param name="edits">For each edit the features and logits of the image, first, and of its views, and the label it shall have.</param>
    /// <param name="rounds">Rounds of adjusting gains at most.</param>
    /// <returns>Neurons, none for an image that has its label already, and how each edit came out.</returns>
    public (PatchNeuron?[] Neurons, EditOutcome[] Outcomes) Edit(IReadOnlyList<(float[][] Features, float[][] Logits, int Label)> edits, int rounds)
    {
        var neurons = edits.Select(e => PatchNeuron.Gap(e.Logits[0], e.Label) < 0 ? null : Neuron(e.Features, e.Logits, e.Label)).ToArray();
        var steps = neurons.Select(n => n is null ? 0 : 1).ToArray();
        double[] gaps = [];
        for (var round = 1; ; round++)
        {
            PatchNeuron[] all = [.. neurons.OfType<PatchNeuron>()];
            gaps = [.. edits.Select(e => PatchNeuron.Gap(PatchNeuron.Patch(all, e.Features[0], e.Logits[0]), e.Label))];
            if (round == rounds || gaps.All(g => g < 0)) break;
            for (var e = 0; e < edits.Count; e++)
            {
                if (gaps[e] < 0) continue;
                neurons[e] ??= Neuron(edits[e].Features, edits[e].Logits, edits[e].Label);
                neurons[e] = neurons[e]! with { Gain = neurons[e]!.Gain + gaps[e] + Margin };
                steps[e]++;
            }
        }
        return (neurons, [.. gaps.Select((g, e) => new EditOutcome(g < 0, steps[e], Math.Max(0, g)))]);
    }

    PatchNeuron Neuron(float[][] views, float[][] logits, int label)
    {
        var d = _mean.Length;
        var direction = new double[d];
        foreach (var view in views)
            for (var k = 0; k < d; k++) direction[k] += (view[k] - _mean[k]) / views.Length;
        _covariance.Solve([direction]);
        double Score(float[] f)
        {
            var s = 0.0;
            for (var k = 0; k < d; k++) s += direction[k] * f[k];
            return s;
        }
        var own = views.Select(Score).ToArray();
        var others = _others.Select(Score).Order().ToArray();
        var spread = Math.Max(1e-9, own[0] - TensorPrimitives.Dot<double>(direction, _mean));
        // Between the loudest of the others and the faintest view; where these overlap, the others come first, but the image itself fires fully.
        var loud = others[(int)Math.Min(others.Length - 1, Silent * others.Length)];
        var full = Math.Min(own[0], Math.Max(own.Min(), loud + 0.05 * spread));
        var threshold = Math.Min(loud + 0.25 * (full - loud), full - 1e-3 * spread);
        var width = (full - threshold) / 2;
        var gap = logits.Max(z => PatchNeuron.Gap(z, label));
        return new PatchNeuron(direction, threshold, width, label, Math.Max(0, gap) + Margin);
    }
}
