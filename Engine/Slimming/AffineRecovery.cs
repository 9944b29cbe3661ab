using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Runtime;

namespace OnnxEdit.Engine.Slimming;

/// <summary>
/// Matches mean and spread of every output channel of every unit to the original's, front to back: what re-estimating
/// batch-norm statistics does, for folded exports as well. y' = s (y - E y) + E y0 with s = sd(y0) / sd(y).
/// </summary>
static class AffineRecovery
{
    /// <summary>Scales beyond this are noise of nearly constant channels and are cut off.</summary>
    const double LargestScale = 4;

    /// <summary>Adjusts the edited network in place.</summary>
    /// <returns>How many units were adjusted.</returns>
    public static int Apply(RecoveryContext context, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        var targets = context.Changed();
        for (var i = 0; i < targets.Count; i++)
        {
            progress?.Report(new WorkProgress("recovery", i, targets.Count));
            var unit = targets[i].Unit;
            string[] future = [.. targets.Skip(i).SelectMany(t => new[] { t.Unit.Input, t.Unit.Output })];
            context.Original.Forget(future);
            context.Edited.Forget(future);
            context.Original.Compute([unit.Output], cancellation);
            context.Edited.Compute([unit.Input], cancellation);
            context.Edited.Renew(unit.Output, cancellation);
            var shape = context.TargetShape(unit.Output);
            var axis = unit.IsConv ? 1 : shape.Length - 1;
            var wanted = Moments(shape, axis, context.Original, context.Writer(unit.Output, null, shape));
            var found = Moments(shape, axis, context.Edited,
                (first, count, destination) => context.Edited.Read(unit.Output, first, count, destination));
            var (weights, bias) = unit.Read();
            for (var o = 0; o < bias.Length; o++)
            {
                var scale = found[o].Deviation < 1e-8 ? 1 : Math.Clamp(wanted[o].Deviation / found[o].Deviation, 1 / LargestScale, LargestScale);
                if (!unit.HasBias) scale = 1;
                for (var k = 0; k < weights.GetLength(1); k++) weights[o, k] = (float)(weights[o, k] * scale);
                bias[o] = (float)(scale * (bias[o] - found[o].Mean) + wanted[o].Mean);
            }
            unit.Write(weights, bias);
        }
        progress?.Report(new WorkProgress("recovery", targets.Count, targets.Count));
        return targets.Count;
    }

    static (double Mean, double Deviation)[] Moments(long[] shape, int axis, PrefixRunner prefix, GramCollector.TargetWriter read)
    {
        var (images, batch) = (prefix.Count, prefix.Batch);
        var (channels, inner) = ((int)shape[axis], (int)shape.Skip(axis + 1).Aggregate(1L, (a, b) => a * b));
        var length = (int)shape.Aggregate(1L, (a, b) => a * b);
        var sums = new double[channels];
        var squares = new double[channels];
        var buffer = new float[batch * length];
        for (var at = 0; at < images; at += batch)
        {
            var n = Math.Min(batch, images - at);
            read(at, n, buffer.AsSpan(0, n * length));
            for (var i = 0; i < n * length; i++)
            {
                var c = i / inner % channels;
                sums[c] += buffer[i];
                squares[c] += (double)buffer[i] * buffer[i];
            }
        }
        // Padding holds 0.
        var count = (double)images * length / channels * (prefix.Padding?.Covers(shape) == true ? prefix.Padding.Share(images) : 1);
        return [.. sums.Select((s, c) => (s / count, Math.Sqrt(Math.Max(0, squares[c] / count - s / count * (s / count)))))];
    }
}
