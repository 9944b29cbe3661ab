using System.Numerics.Tensors;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine;

/// <summary>
/// DisCEdit-U (Murti et al. 2024): layer by layer, front to back on the model as it is edited so far, channels whose witness
/// values tell the class from the others are set to zero - weights, bias and normalisation. The witness of a channel is
/// f = exp(-r / median r), r the Euclidean norm of its map for one image; its score is (E_c f - E_o f)^2 / (E_c f^2 + E_o f^2)
/// with c the class and o the other classes, each mean over its own images. Where no score stands out nothing goes.
/// </summary>
sealed class DisceditUnlearning(NormalisedModel model, UnlearnOptions options)
{
    /// <summary>Edits the weights in place; returns how many channels went.</summary>
    public int Apply(ClassImages images, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        var layout = ItemLayout.Of(model);
        var units = UnitTarget.All(model.Proto, model.Trace).Select(t => t.Unit).SkipLast(1).ToArray();
        var tail = units.Skip(units.Length - Math.Max(1, (int)Math.Ceiling(options.Tail * units.Length))).ToArray();
        using var others = new PrefixRunner(model.Proto, layout, images.Retained, options.Batch);
        var own = images.Forgotten.Values.Select(f => new PrefixRunner(model.Proto, layout, f, options.Batch)).ToArray();
        var gone = 0;
        try
        {
            for (var u = 0; u < tail.Length; u++)
            {
                progress?.Report(new WorkProgress("scoring layers", u, tail.Length));
                gone += Edit(tail[u], others, own, cancellation);
                string[] future = [.. tail.Skip(u + 1).Select(t => t.Output)];
                foreach (var prefix in own.Prepend(others)) prefix.Forget(future);
            }
        }
        finally
        {
            foreach (var prefix in own) prefix.Dispose();
        }
        progress?.Report(new WorkProgress("scoring layers", tail.Length, tail.Length));
        return gone;
    }

    int Edit(LinearUnit unit, PrefixRunner others, PrefixRunner[] own, CancellationToken cancellation)
    {
        foreach (var prefix in own.Prepend(others)) prefix.Compute([unit.Output], cancellation);
        var rest = Norms(unit, others);
        HashSet<int> chosen = [];
        foreach (var norms in own.Select(p => Norms(unit, p)))
        {
            double[] scores = [.. norms.Zip(rest, Score)];
            var (mean, deviation) = (scores.Average(), Math.Sqrt(scores.Average(s => s * s) - scores.Average() * scores.Average()));
            chosen.UnionWith(Enumerable.Range(0, scores.Length).Where(k => scores[k] > mean + options.Deviations * deviation));
        }
        if (chosen.Count == 0) return 0;
        var (weights, bias) = unit.Read();
        foreach (var k in chosen)
        {
            bias[k] = 0;
            for (var i = 0; i < weights.GetLength(1); i++) weights[k, i] = 0;
        }
        unit.Write(weights, bias);
        foreach (var prefix in own.Prepend(others)) prefix.Renew(unit.Output, cancellation);
        return chosen.Count;
    }

    static double Score(double[] own, double[] others)
    {
        var median = own.Concat(others).Order().ElementAt((own.Length + others.Length) / 2);
        if (median <= 0) return 0;
        (double First, double Second) Moments(double[] norms) => (norms.Average(r => Math.Exp(-r / median)), norms.Average(r => Math.Exp(-2 * r / median)));
        var (c, o) = (Moments(own), Moments(others));
        return (c.First - o.First) * (c.First - o.First) / (c.Second + o.Second);
    }

    // Norm of every channel's map for every image, [channel][image].
    double[][] Norms(LinearUnit unit, PrefixRunner prefix)
    {
        var shape = prefix.Shape(unit.Output);
        var channels = (int)(unit.IsConv ? shape[1] : shape[^1]);
        var row = new float[prefix.RowLength(unit.Output)];
        var positions = row.Length / channels;
        var norms = Enumerable.Range(0, channels).Select(_ => new double[prefix.Count]).ToArray();
        for (var n = 0; n < prefix.Count; n++)
        {
            prefix.Read(unit.Output, n, 1, row);
            for (var k = 0; k < channels; k++)
                if (unit.IsConv) norms[k][n] = TensorPrimitives.Norm<float>(row.AsSpan(k * positions, positions));
                else
                {
                    var sum = 0.0;
                    for (var p = 0; p < positions; p++) sum += (double)row[p * channels + k] * row[p * channels + k];
                    norms[k][n] = Math.Sqrt(sum);
                }
        }
        return norms;
    }
}
