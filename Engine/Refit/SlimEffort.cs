using OnnxEdit.Engine.Linear;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Refit;

/// <summary>How much computing goes into statistics and recovery.</summary>
/// <param name="PositionsPerImage">Output positions sampled per image when Gram matrices of convolutions are summed.</param>
/// <param name="RefineSteps">Gauss-Newton steps on the first convolution of each pair of convolutions.</param>
/// <param name="RefineImages">Images that these steps use, the first ones.</param>
/// <param name="RankingImages">Images that the ranking of channels uses, the first ones.</param>
sealed record SlimEffort(int PositionsPerImage, int RefineSteps, int RefineImages, int RankingImages)
{
    /// <summary>Multiply-adds of all Gram matrices together.</summary>
    const double GramWork = 4e11;

    /// <summary>Multiply-accumulates of one pass of the network over the images of the refinement.</summary>
    const double RefineWork = 1.25e11;

    /// <summary>The same for the ranking.</summary>
    const double RankingWork = 8.75e10;

    /// <summary>Steps after which further ones hardly help.</summary>
    const int MostSteps = 3;

    /// <summary>
    /// Effort for a model: small networks can afford every image and more positions, large ones get what keeps the
    /// work about constant. Depends on shapes only, so the same model and options give the same bytes anywhere.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="images">Number of calibration images.</param>
    public static SlimEffort For(NormalisedModel model, int images)
    {
        var units = UnitTarget.All(model.Proto, model.Trace).Select(t => PatchGraph.Of(t.Unit, model)).Where(p => p.IsConv);
        var perPosition = Math.Max(1, units.Sum(p => (double)p.Rows * p.Rows * p.Groups));
        var macs = Math.Max(1, ModelCounts.Of(model.Proto, model.Trace.Sizes).Macs);
        var refined = Math.Clamp(RefineWork / macs, 500, Math.Max(500, images));
        // With fewer than 500 images a step fits noise, so where even these are too much work there are fewer steps.
        var steps = Math.Clamp(Math.Round(MostSteps * RefineWork / (macs * Math.Min(refined, Math.Max(1, images)))), 0, MostSteps);
        return new SlimEffort(
            (int)Math.Clamp(GramWork / perPosition / Math.Max(1, images), 8, 48), (int)steps, (int)refined,
            (int)Math.Clamp(RankingWork / macs, 700, Math.Max(700, images)));
    }
}
