using System.Numerics.Tensors;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Scores;
using OnnxEdit.Engine.Statistics;
using OnnxEdit.Kernels.Moments;
using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Kernels.Witness;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Unlearning;

/// <summary>How well each channel of a site tells a class from the others on the model as it is; larger = more.</summary>
sealed class WitnessScores(NormalisedModel model, UnlearnWitness witness, ulong seed)
{
    /// <summary>Scores of all channels for the class of one prefix against the others of another.</summary>
    /// <param name="site">The site, whose output both prefixes hold.</param>
    /// <param name="number">Number of the site, for the random stream.</param>
    /// <param name="own">Images of the class.</param>
    /// <param name="others">Images of the others.</param>
    public double[] Of(EditSite site, int number, PrefixRunner own, PrefixRunner others)
    {
        switch (witness)
        {
            case UnlearnWitness.Exp:
                return [.. Norms(site, own).Zip(Norms(site, others), Exponential)];
            case UnlearnWitness.L1:
                return Array.ConvertAll(site.Norms(), n => -n);
            case UnlearnWitness.Random:
                var random = new Philox4x32(seed, RandomStreams.RandomScores + (ulong)number);
                return [.. Enumerable.Range(0, site.Channels(model.Trace)).Select(_ => random.NextDouble())];
            default:
                // The score of channels that has the same word.
                return ChannelScores.Table.Of(Words.Of(witness)).Point!(Statistics(site, own, others), ClassAggregation.Max);
        }
    }

    // (E_c f - E_o f)^2 / (E_c f^2 + E_o f^2) with f = exp(-r / median r), each mean over its own images.
    static double Exponential(double[] own, double[] others)
    {
        var median = own.Concat(others).Order().ElementAt((own.Length + others.Length) / 2);
        if (median <= 0) return 0;
        (double First, double Second) Moments(double[] norms) => (norms.Average(r => Math.Exp(-r / median)), norms.Average(r => Math.Exp(-2 * r / median)));
        var (c, o) = (Moments(own), Moments(others));
        return 2 * WitnessBound.Uncentred(c.First, c.Second, o.First, o.Second);
    }

    // Norm of every channel's map for every image, [channel][image].
    static double[][] Norms(EditSite site, PrefixRunner prefix)
    {
        double[][]? norms = null;
        Stream(site, prefix, (first, maps, layout) =>
        {
            norms ??= [.. Enumerable.Range(0, layout.Channels).Select(_ => new double[prefix.Count])];
            for (var n = 0; n < layout.Images; n++)
            {
                var own = ActivationArrangement.Maps(maps, layout, n);
                for (var k = 0; k < layout.Channels; k++) norms[k][first + n] = TensorPrimitives.Norm(own.Slice(k * layout.Positions, layout.Positions));
            }
        });
        return norms!;
    }

    // Moments and histograms of the pooled maps, class 1 the one of the prefix.
    PointStatistics Statistics(EditSite site, PrefixRunner own, PrefixRunner others) => KernelBorder.Cross(
        ErrorKind.Model, $"The activations at '{site.Name}' cannot be measured", () => Measured(site, own, others));

    PointStatistics Measured(EditSite site, PrefixRunner own, PrefixRunner others)
    {
        using var backend = new SimdBackend(ExecutionOptions.Current.Threads);
        var layer = new LayerStatistics(site.Channels(model.Trace), 2, backend);
        // Images of both sides take turns, since the first of them fix the ranges of the histograms.
        List<(PrefixRunner Prefix, int First, int Label)> batches = [];
        foreach (var (prefix, label) in new[] { (others, 0), (own, 1) })
            for (var first = 0; first < prefix.Count; first += prefix.Batch) batches.Add((prefix, first, label));
        foreach (var (prefix, first, label) in batches.OrderBy(b => b.First).ThenBy(b => b.Label))
            Batch(site, prefix, first, (_, maps, layout) =>
            {
                var labels = new int[layout.Images];
                Array.Fill(labels, label);
                layer.Add(maps, layout, labels);
            });
        layer.Complete();
        return new PointStatistics(site.Name, site.Output, layer.Features, null, null);
    }

    delegate void MapReader(int first, ReadOnlySpan<float> maps, ActivationShape layout);

    static void Stream(EditSite site, PrefixRunner prefix, MapReader read)
    {
        for (var first = 0; first < prefix.Count; first += prefix.Batch) Batch(site, prefix, first, read);
    }

    static void Batch(EditSite site, PrefixRunner prefix, int first, MapReader read)
    {
        var count = Math.Min(prefix.Batch, prefix.Count - first);
        var values = new float[count * prefix.RowLength(site.Output)];
        prefix.Read(site.Output, first, count, values);
        var maps = new ActivationArrangement(site.ChannelAxis).Arrange(values, ItemLayout.Stack(prefix.Shape(site.Output), count), out var layout);
        read(first, maps, layout);
    }
}
