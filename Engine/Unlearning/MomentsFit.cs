using System.Globalization;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Statistics;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Unlearning;

/// <summary>
/// The re-fit of <see cref="ForgetFit"/> from sums by class alone: the target of a class to forget is its original value moved
/// as its mean feature is, and means are matched on a <see cref="MeanModel"/>. One shot, as there is nothing to choose settings on.
/// </summary>
sealed class MomentsFit
{
    /// <summary>Rounds of matching the means.</summary>
    const int Rounds = 10;

    /// <summary>As in <see cref="ForgetFit"/>.</summary>
    const double Matched = 0.01, FewRidge = 0.1;

    /// <summary>A channel that is active less often is not moved by more than if it were this often.</summary>
    const double LeastActive = 0.02;

    readonly FeatureStage _stage;
    readonly PatchGraph _patches;
    readonly CalibrationStatistics _statistics;
    readonly FeatureSums _sums;
    readonly UnlearnOptions _options;
    readonly MeanMatch _match;
    readonly GramSums[] _grams;
    readonly float[,] _original;
    readonly (double[,] Weights, double[] Bias) _unit;

    /// <summary>Unpacks what is needed.</summary>
    /// <param name="model">The model; the unit's weights are changed in place by <see cref="Apply"/>.</param>
    /// <param name="stage">The end of its body.</param>
    /// <param name="statistics">Statistics of the same model.</param>
    /// <param name="options">Classes.</param>
    /// <exception cref="OnnxEngineException">The statistics lack sums by class, or images of a class (<see cref="ErrorKind.Data"/>).</exception>
    public MomentsFit(NormalisedModel model, FeatureStage stage, CalibrationStatistics statistics, UnlearnOptions options)
    {
        (_stage, _statistics, _options) = (stage, statistics, options);
        var target = stage.Last;
        var node = new NodeNames(model.Proto.Graph).Of(target.Unit.Node);
        _patches = PatchGraph.Of(target.Unit, model, ItemLayout.Of(model));
        _sums = statistics.Features ?? throw Lacking(statistics.Skipped.FirstOrDefault(s => s.Node == node)?.Reason is { } why
            ? $"the statistics file holds no sums by class of '{node}': {why}; unlearn this model from items with UnlearnData.Train"
            : "the statistics file holds no sums by class, as files of earlier versions do not; run MomentsBundle.Write again");
        if (_sums.Sums.Node != node || _sums.Sums.Rows != _patches.Rows || _sums.Sums.Outputs != stage.Channels || _sums.Classes != stage.Classes)
            throw Lacking($"the statistics file holds the sums by class of '{_sums.Sums.Node}' and not of '{node}'; run MomentsBundle.Write again");
        foreach (var c in options.Classes)
            if (statistics.ClassCounts[c] == 0) throw Lacking($"the statistics file was made without an item of class {ClassImages.Name(c, statistics.ClassNames)}, so there is nothing to tell what to forget");
        _grams = _sums.Sums.Unpack();
        if (!Stay().Any()) throw Lacking("the statistics file was made without an item of a class that stays, so there is nothing to keep the model right on");
        _match = new MeanMatch(stage, _patches, model.Index.Initializer(target.Unit.Node.Input[1])!.Dims);
        var (weights, bias) = target.Unit.Read();
        _original = (float[,])weights.Clone();
        _unit = (PatchOrder.Get(weights, 0, _patches), Array.ConvertAll(bias, b => (double)b));
    }

    static OnnxEngineException Lacking(string why) => new(ErrorKind.Data, $"{char.ToUpperInvariant(why[0])}{why[1..]}.");

    IEnumerable<int> Stay() => Enumerable.Range(0, _stage.Classes).Where(c => _options.Stays(c) && _grams[c].Count > 0);

    /// <summary>Writes the weights; returns a sentence that says what was done.</summary>
    public string Apply()
    {
        var models = Enumerable.Range(0, _stage.Classes).Select(c => _grams[c].Count > 0
            ? new MeanModel(_sums, _grams[c], c, _stage.HasRelu, _unit.Weights, _unit.Bias) : null).ToArray();
        MeanModel[] stay = [.. Stay().Select(c => models[c]!)], go = [.. _options.Classes.Select(c => models[c]!)];
        var setting = RefitChoice.Usual;
        var margin = setting.Margin * UsualMargin();
        var sums = Weighted(margin, setting.Weight);
        var isFew = GramSums.AreFew(sums.Count, sums.Rows);
        var (w, b) = isFew ? LeastSquares.Fit(sums, true, _unit.Weights, FewRidge) : LeastSquares.Fit(sums, true);
        var factor = RidgeFactor.Of(LeastSquares.CentredGram(sums, true), isFew ? FewRidge : LeastSquares.Ridge, LeastSquares.Noise(sums));
        double first = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var others = MeanModel.Together(stay, w, b);
            MeanMatch.Means[] own = [.. go.Select(g => g.At(w, b))];
            var distance = own.Max(o => o.Distance(others));
            if (round == 0) first = distance;
            if (distance <= Matched * first) break;
            _match.Close(w, b, 1, others, own, sums, factor);
        }
        var weights = (float[,])_original.Clone();
        PatchOrder.Put(w, weights, 0, _patches);
        _stage.Last.Unit.Write(weights, Array.ConvertAll(b, v => (float)v));
        return string.Create(CultureInfo.InvariantCulture,
            $"{_patches.Name} re-fitted from the statistics file alone ({_options.Classes.Sum(c => _statistics.ClassCounts[c]):N0} items of what to forget, {Stay().Sum(c => _statistics.ClassCounts[c]):N0} of others), in one shot with the means of the classes (margin {margin:0.#} logits, weight {setting.Weight:0.#}); the head is as it was.");
    }

    double[] MeanFeatures(int c) => [.. Enumerable.Range(0, _stage.Channels).Select(k => _sums.Features[c * _stage.Channels + k] / _grams[c].Count)];

    // Of the mean features of the classes that stay, since single images are not known.
    double UsualMargin()
    {
        var logits = new LogitMargin(_stage, _options.Classes);
        return Math.Max(1e-3, Stay().Average(c => logits.Lead(MeanFeatures(c))));
    }

    // Sums whose targets are the original output of the unit, moved for classes to forget.
    GramSums Weighted(double margin, double weight)
    {
        var total = new GramSums(_patches.Rows, _stage.Channels);
        foreach (var c in Stay()) Add(total, _grams[c], 1, null, c);
        var kept = total.Count;
        var other = new double[_stage.Channels];
        foreach (var c in Stay())
            for (var k = 0; k < other.Length; k++) other[k] += _sums.Features[c * other.Length + k] / kept;
        foreach (var c in _options.Classes)
        {
            double[] mean = MeanFeatures(c), moved = [.. other];
            new LogitMargin(_stage, _options.Classes).Move(moved, margin);
            Add(total, _grams[c], weight * kept / _grams[c].Count / Math.Max(1, _stage.Classes - _options.Classes.Count), [.. moved.Zip(mean, (a, b) => a - b)], c);
        }
        return total;
    }

    // Adds a class: targets are W x + b, with a mean feature that is to sink or rise by so much.
    void Add(GramSums total, GramSums own, double factor, double[]? move, int c)
    {
        var size = own.Rows + 1;
        for (var i = 0; i < own.Gram.Length; i++) total.Gram[i] += factor * own.Gram[i];
        ThreadedLoop.For(0, _stage.Channels, k =>
        {
            double[] w = [.. Enumerable.Range(0, own.Rows).Select(i => _unit.Weights[k, i]), _unit.Bias[k]];
            var active = _sums.ActiveOf(c, k);
            for (var i = 0; i < size; i++)
            {
                var cross = System.Numerics.Tensors.TensorPrimitives.Dot<double>(own.Gram.AsSpan(i * size, size), w);
                // What is above the Relu sinks, where that is how the mean sinks; all rises.
                if (move is not null)
                    cross += move[k] < 0 && _stage.HasRelu ? move[k] / Math.Max(LeastActive, active[own.Rows] / own.Count) * active[i] : move[k] * own.Gram[own.Rows * size + i];
                total.Cross[k * size + i] += factor * cross;
            }
        });
    }
}
