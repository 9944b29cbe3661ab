using OnnxEdit.Engine.Data;
using OnnxEdit.Kernels.RandomNumbers;

namespace OnnxEdit.Engine.Attribution.Methods;

/// <summary>Scores drawn at random, which know nothing; the baseline.</summary>
static class RandomMethod
{
    /// <summary>Its row.</summary>
    public static MethodRow Row { get; } = new("random")
    {
        Formerly = "Random",
        Work = (_, _) => (0, 0),
        Estimate = e => e.FromAll(Drawn(e.Work), null),
    };

    static float[][] Drawn(AttributionWork work) => [.. Enumerable.Range(0, work.Examples).Select(e =>
    {
        var random = new Philox4x32(work.Options.Seed, RandomStreams.RandomAttributions + (ulong)e);
        return Enumerable.Range(0, work.Components).Select(_ => (float)random.NextGaussian()).ToArray();
    })];
}
