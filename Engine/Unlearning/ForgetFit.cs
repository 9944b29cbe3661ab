using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery.Graph;

namespace OnnxEdit.Engine.Unlearning;

/// <summary>
/// Re-fits the unit that makes the features, in closed form: weighted least squares with the original values as targets for
/// images of the classes that stay and moved ones (<see cref="FeatureMove"/>) for images of the classes to forget, and then,
/// with the least change of that fit, equal mean features of both (<see cref="MeanMatch"/>): where the means are equal no
/// linear rule can tell the class (Belrose et al. 2023, Theorem 3.1).
/// </summary>
sealed class ForgetFit
{
    /// <summary>Rounds of matching the means; Relu masks settle in a few.</summary>
    const int Rounds = 10;

    /// <summary>Distance between means, relative to that at the start, at which no further round is made.</summary>
    const double Matched = 0.01;

    /// <summary>Ridge of the metric in which means are matched where there are few images: an exact match of these would not hold for others.</summary>
    const double FewRidge = 0.1;

    readonly FeatureStage _stage;
    readonly PatchGraph _patches;
    readonly GramCollector _collector;
    readonly MeanMatch _match;
    readonly PrefixRunner _retained;
    readonly IReadOnlyDictionary<int, PrefixRunner> _forgotten;
    readonly Dictionary<int, GramSums[]> _known = [];
    readonly FeatureMove _move;
    readonly GramSums _kept;
    readonly (float[,] Weights, float[] Bias) _original;
    readonly long[] _shape;
    readonly double? _matchRidge;

    /// <summary>Collects what does not depend on the settings.</summary>
    /// <param name="model">The model; the unit's weights are changed in place by <see cref="Apply"/>.</param>
    /// <param name="stage">The end of its body.</param>
    /// <param name="retained">Activations for images of the classes that stay.</param>
    /// <param name="forgotten">The same for each class to forget.</param>
    /// <param name="options">Positions per image, seed.</param>
    /// <param name="cancellation">Stops between batches.</param>
    public ForgetFit(NormalisedModel model, FeatureStage stage, PrefixRunner retained, IReadOnlyDictionary<int, PrefixRunner> forgotten, UnlearnOptions options, CancellationToken cancellation)
    {
        (_stage, _retained, _forgotten, _matchRidge) = (stage, retained, forgotten, options.MatchRidge);
        var (layout, target) = (ItemLayout.Of(model), stage.Last);
        _patches = PatchGraph.Of(target.Unit, model, layout);
        _shape = layout.RowShape(target.Tensor);
        _collector = new GramCollector(options.Seed, Positions(options));
        foreach (var prefix in forgotten.Values.Prepend(retained))
            prefix.Compute(target.Other is { } other ? [target.Unit.Input, target.Tensor, other, stage.Features] : [target.Unit.Input, target.Tensor, stage.Features], cancellation);
        _original = Copy(target.Unit.Read());
        _match = new MeanMatch(stage, _patches, model.Index.Initializer(target.Unit.Node.Input[1])!.Dims);
        _move = new FeatureMove(stage, Features(retained), forgotten.ToDictionary(f => f.Key, f => Features(f.Value)));
        _kept = Collect(retained, (first, count, values) => retained.Read(target.Tensor, first, count, values), 0, null, cancellation)[0];
    }

    // A Gram matrix of all positions costs more than it tells.
    int Positions(UnlearnOptions options) => Math.Min(options.PositionsPerImage, Math.Max(8, (int)(4e11 / ((double)_patches.Rows * _patches.Rows * (_retained.Count + 1)))));

    /// <summary>The fit of the last <see cref="Apply"/>: distance of the mean features, relative to that before matching.</summary>
    public double MeanDistance { get; private set; } = 1;

    /// <summary>Writes the weights for some settings.</summary>
    /// <param name="margin">See <see cref="FeatureMove.Of"/>.</param>
    /// <param name="weight">What a class to forget counts against one that stays.</param>
    /// <param name="match">How much of the distance between the mean features is closed, 0 to 1.</param>
    /// <param name="cancellation">Stops between batches.</param>
    public void Apply(double margin, double weight, double match, CancellationToken cancellation)
    {
        var sums = Weighted(margin, weight, cancellation);
        var prior = sums.Half is null ? null : PatchOrder.Get(_original.Weights, 0, _patches);
        var (w, b) = LeastSquares.Fit(sums, true, prior);
        var factor = RidgeFactor.Of(LeastSquares.CentredGram(sums, true), _matchRidge ?? (sums.Half is null ? LeastSquares.Ridge : FewRidge), LeastSquares.Noise(sums));
        double? first = null;
        for (var round = 0; round < Rounds; round++)
        {
            var (weights, bias) = Unit(w, b);
            // Twice as many images of the others make their mean sure enough.
            var stay = _match.Measure(_retained, weights, bias, 2 * _forgotten.Values.Sum(f => f.Count), cancellation);
            var go = _forgotten.Values.Select(p => _match.Measure(p, weights, bias, int.MaxValue, cancellation)).ToArray();
            var distance = go.Max(g => g.Distance(stay));
            first ??= distance;
            MeanDistance = distance / Math.Max(first.Value, 1e-12);
            if (distance <= (1 - match + Matched) * first) break;
            _match.Close(w, b, 1 - (1 - match) * first.Value / distance, stay, go, sums, factor);
        }
        var fitted = Unit(w, b);
        _stage.Last.Unit.Write(fitted.Weights, fitted.Bias);
    }

    /// <summary>Mean distance of the largest logit from the next on images of the classes that stay: how sure the model usually is.</summary>
    public double UsualMargin() => Features(_retained).Average(_move.Lead);

    GramSums Weighted(double margin, double weight, CancellationToken cancellation)
    {
        var total = Scaled(_kept, 1, new GramSums(_kept.Rows, _kept.Outputs) { Half = _kept.Half is null ? null : new GramSums(_kept.Rows, _kept.Outputs) });
        foreach (var (c, prefix) in _forgotten)
        {
            var sums = Collect(prefix, Targets(prefix, c, margin), 1 + (ulong)c, _known.GetValueOrDefault(c), cancellation);
            _known[c] = sums;
            Scaled(sums[0], weight * _kept.Count / sums[0].Count / Math.Max(1, _stage.Classes - _forgotten.Count), total);
        }
        return total;
    }

    // Adds a multiple of some sums to others.
    static GramSums Scaled(GramSums sums, double factor, GramSums total)
    {
        for (var i = 0; i < sums.Gram.Length; i++) total.Gram[i] += factor * sums.Gram[i];
        for (var i = 0; i < sums.Cross.Length; i++) total.Cross[i] += factor * sums.Cross[i];
        for (var i = 0; i < sums.Power.Length; i++) total.Power[i] += factor * sums.Power[i];
        if (total.Half is { } half && sums.Half is { } own) Scaled(own, factor, half);
        return total;
    }

    // Values of the residual sum at which the pooled features are the moved ones.
    GramCollector.TargetWriter Targets(PrefixRunner prefix, int @class, double margin)
    {
        var length = _stage.Channels * _stage.Positions;
        var features = new float[_stage.Channels];
        return (first, count, values) =>
        {
            prefix.Read(_stage.Last.Tensor, first, count, values);
            for (var n = 0; n < count; n++)
            {
                prefix.Read(_stage.Features, first + n, 1, features);
                var moved = _move.Of(features, @class, margin);
                var y = values.Slice(n * length, length);
                for (var k = 0; k < _stage.Channels; k++)
                {
                    var slopes = 0.0;
                    for (var p = 0; p < _stage.Positions && _stage.Curve is not null; p++) slopes += Math.Pow(_stage.Curve.Slope(y[_stage.At(k, p)]), 2) / _stage.Positions;
                    for (var p = 0; p < _stage.Positions; p++)
                    {
                        ref var v = ref y[_stage.At(k, p)];
                        // The shortest way to the mean wanted, to first order; where the activation is flat there is none.
                        if (_stage.Curve is { } curve) v += (float)((moved[k] - features[k]) * curve.Slope(v) / Math.Max(slopes, 0.05));
                        // Below the Relu a value has no part in the mean; above it all shrink alike.
                        else if (!_stage.HasRelu || moved[k] > features[k]) v += (float)moved[k] - features[k];
                        else if (v > 0) v *= (float)moved[k] / Math.Max(features[k], 1e-12f);
                    }
                }
            }
        };
    }

    GramSums[] Collect(PrefixRunner prefix, GramCollector.TargetWriter target, ulong stream, GramSums[]? known, CancellationToken cancellation)
    {
        var other = _stage.Last.Other;
        var length = _stage.Channels * _stage.Positions;
        var subtracted = other is null ? [] : new float[prefix.Batch * length];
        return _collector.Collect(_patches, _stage.Last.Unit.Input, prefix, _shape, (first, count, values) =>
        {
            target(first, count, values);
            if (other is null) return;
            prefix.Read(other, first, count, subtracted);
            System.Numerics.Tensors.TensorPrimitives.Subtract(values[..(count * length)], subtracted.AsSpan(0, count * length), values);
        }, stream, cancellation, known: known);
    }

    (float[,] Weights, float[] Bias) Unit(double[,] w, double[] b)
    {
        var weights = (float[,])_original.Weights.Clone();
        PatchOrder.Put(w, weights, 0, _patches);
        return (weights, Array.ConvertAll(b, v => (float)v));
    }

    float[][] Features(PrefixRunner prefix) => [.. Enumerable.Range(0, prefix.Count).Select(n =>
    {
        var features = new float[_stage.Channels];
        prefix.Read(_stage.Features, n, 1, features);
        return features;
    })];

    static (float[,], float[]) Copy((float[,] Weights, float[] Bias) unit) => ((float[,])unit.Weights.Clone(), (float[])unit.Bias.Clone());
}
