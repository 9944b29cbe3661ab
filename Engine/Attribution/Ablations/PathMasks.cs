using OnnxEdit.Engine.Data;
using OnnxEdit.Kernels.RandomNumbers;

namespace OnnxEdit.Engine.Attribution.Ablations;

/// <summary>
/// Masks for mask gradients. The effect of ablating a component among random others is the integral of its mask gradient
/// from 0 to 1. So in every pass a share 2 alpha of the components stands somewhere in between, at a place uniform in
/// (0, 1), the others at 1, which ablates a share alpha altogether; only gradients of those in between count.
/// Components are dealt anew to the passes of every round, once each, and their places follow the golden ratio from a
/// random start, so that few passes cover the path evenly. A mask is a function of seed, example and pass.
/// </summary>
/// <param name="Components">Number of components.</param>
/// <param name="Alpha">Share ablated, in (0, 0.5].</param>
/// <param name="Seed">The seed.</param>
sealed record PathMasks(int Components, double Alpha, ulong Seed) : GradientMasks(Components)
{
    /// <summary>Examples and rounds that have masks of their own.</summary>
    public const int Limit = 1 << 16;

    const double GoldenRatio = 0.6180339887498949;

    /// <inheritdoc/>
    public override int Round => Math.Max(1, (int)Math.Round(1 / (2 * Alpha)));

    /// <inheritdoc/>
    public override bool Counts(float entry) => entry < 1;

    /// <inheritdoc/>
    public override void Fill(int example, int pass, Span<float> mask)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(example, Limit);
        var (round, set) = (pass / Round, pass % Round);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(round, Limit - 1);
        mask.Fill(1);
        var order = Enumerable.Range(0, Components).ToArray();
        new Philox4x32(Seed, Stream(example, round)).Shuffle<int>(order);
        var starts = new Philox4x32(Seed, Stream(example, Limit - 1));
        var start = new double[Components];
        for (var j = 0; j < Components; j++) start[j] = starts.NextDouble();
        for (var i = (int)((long)Components * set / Round); i < (int)((long)Components * (set + 1) / Round); i++)
        {
            var place = start[order[i]] + round * GoldenRatio;
            // In float32 a place next to 1 could become 1, which means "not in between".
            mask[order[i]] = Math.Min((float)(place - Math.Floor(place)), 0.999999f);
        }
    }

    static ulong Stream(int example, int round) => RandomStreams.GradientMasks + (ulong)example * Limit + (ulong)round;
}
