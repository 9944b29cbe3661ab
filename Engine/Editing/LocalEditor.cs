using System.Numerics.Tensors;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Linear;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Editing;

/// <summary>
/// Edits the last linear layer in closed form so that one image gets a chosen class while others change as little as can
/// be. Moving the logits of the class and of its strongest rival by multiples of d'f(x), f being the features that the
/// layer reads, costs other images d'A d with A = E[f f'] over images without labels; for the image's own change d'f the
/// cheapest direction is d = A^-1 f. The gap is split over the two classes, and this is repeated while a further class
/// comes to lead. Edits add up until <see cref="Reset"/>.
/// </summary>
sealed class LocalEditor : IDisposable
{
    /// <summary>Steps at most.</summary>
    public const int Steps = 10;

    readonly NormalisedModel _model;
    readonly LinearUnit _layer;
    readonly double _scale;
    readonly FeatureReader _trunk;
    readonly CholeskyFactor _moments;
    readonly LocalEditorOptions _options;
    readonly float[,] _original;
    readonly float[,] _weights;
    readonly float[] _bias;

    LocalEditor(NormalisedModel model, LastLayer last, FeatureReader trunk, CholeskyFactor moments, LocalEditorOptions options)
    {
        (_model, _layer, _scale, _trunk, _moments, _options) = (model, last.Unit, last.Scale, trunk, moments, options);
        (_original, _bias) = _layer.Read();
        _weights = (float[,])_original.Clone();
    }

    /// <summary>Number of classes.</summary>
    public int Classes => _bias.Length;

    /// <summary>Number of features.</summary>
    public int Features => _weights.GetLength(1);

    /// <summary>Prepares a model.</summary>
    /// <param name="model">The folded classifier, a copy to work on.</param>
    /// <param name="images">Images whose answers should stay; labels are not needed.</param>
    /// <param name="options">How far, how cautiously.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <exception cref="OnnxEngineException">The model does not end in a linear layer of its own.</exception>
    public static LocalEditor Create(NormalisedModel model, ItemSet images, LocalEditorOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new LocalEditorOptions();
        using var execution = ExecutionOptions.Enter(options.Execution);
        var found = LastLayer.Of(model, ClassifierSignature.Of(model.Proto, options.Output).LogitsName).RequireDirect();
        var layer = found.Unit;
        if (found.IsPatched)
            throw new OnnxEngineException(ErrorKind.Model, $"The logits '{found.Logits}' are those of the last layer and a patch, which its weights alone do not decide; use EditOptions.Editor = patch.");
        var trunk = FeatureReader.Of(model.Proto, found, options.Output);
        try
        {
            return new LocalEditor(model, found, trunk, Moments(trunk, layer, images, options, cancellation), options);
        }
        catch
        {
            trunk.Dispose();
            throw;
        }
    }

    // A = E[f f'], with a ridge, ready to be solved by.
    static CholeskyFactor Moments(FeatureReader trunk, LinearUnit layer, ItemSet images, LocalEditorOptions options, CancellationToken cancellation)
    {
        var moments = new double[layer.Read().Weights.GetLength(1)][];
        for (var i = 0; i < moments.Length; i++) moments[i] = new double[moments.Length];
        var rows = 0;
        trunk.Run(images, (_, count, features) =>
        {
            var k = moments.Length;
            for (var n = 0; n < count; n++)
                for (var i = 0; i < k; i++)
                    TensorPrimitives.MultiplyAdd<double>(Widen(features.Slice(n * k, k)), features[n * k + i], moments[i], moments[i]);
            rows += count;
        }, cancellation);
        var ridge = options.Ridge * Enumerable.Range(0, moments.Length).Sum(i => moments[i][i]) / moments.Length;
        for (var i = 0; i < moments.Length; i++)
        {
            moments[i][i] += ridge;
            for (var j = 0; j < moments.Length; j++) moments[i][j] /= rows;
        }
        return CholeskyFactor.Of(moments) ?? throw new OnnxEngineException(ErrorKind.Data, "The features of the items are all zero or not finite; give other items.");
    }

    /// <summary>Runs images through the body once; edits and measurements then need the last layer only.</summary>
    /// <param name="images">The images.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <returns>Features, a row of <see cref="Features"/> numbers for each.</returns>
    public float[][] Read(ItemSet images, CancellationToken cancellation = default) => _trunk.Read(images, null, cancellation).Features;

    /// <summary>Edits.</summary>
    /// <param name="features">Features of the image (<see cref="Read"/>).</param>
    /// <param name="label">The class it shall have.</param>
    /// <exception cref="OnnxEngineException">No such class.</exception>
    public EditOutcome Edit(ReadOnlySpan<float> features, int label)
    {
        if (label < 0 || label >= Classes)
            throw new OnnxEngineException(ErrorKind.Usage, $"There is no class {label}: the model has {Classes}, 0 to {Classes - 1}.");
        double[] f = Widen(features), d = [.. f];
        _moments.Solve([d]);
        var gain = TensorPrimitives.Dot<double>(f, d);
        for (var step = 0; ; step++)
        {
            var logits = Logits(features);
            var own = logits[label];
            logits[label] = double.NegativeInfinity;
            var rival = TensorPrimitives.IndexOfMax<double>(logits);
            var gap = logits[rival] - own;
            if (gap <= 0 || step == Steps || gain <= 0) return new EditOutcome(gap <= 0, step, gap);
            var move = (gap + _options.Margin) / (2 * gain * _scale);
            for (var k = 0; k < d.Length; k++)
            {
                _weights[label, k] += (float)(move * d[k]);
                _weights[rival, k] -= (float)(move * d[k]);
            }
        }
    }

    /// <summary>Logits of an image as the layer is now.</summary>
    /// <param name="features">Its features.</param>
    public double[] Logits(ReadOnlySpan<float> features)
    {
        var logits = new double[Classes];
        for (var c = 0; c < logits.Length; c++)
        {
            double z = _bias[c];
            for (var k = 0; k < features.Length; k++) z += (double)_weights[c, k] * features[k];
            logits[c] = z * _scale;
        }
        return logits;
    }

    /// <summary>Forgets all edits.</summary>
    public void Reset() => Array.Copy(_original, _weights, _original.Length);

    /// <summary>A copy of the model's graph with the edits.</summary>
    public ModelProto Edited()
    {
        _layer.Write(_weights, _bias);
        var copy = _model.Proto.Clone();
        _layer.Write(_original, _bias);
        return copy;
    }

    /// <inheritdoc/>
    public void Dispose() => _trunk.Dispose();

    static double[] Widen(ReadOnlySpan<float> values)
    {
        var result = new double[values.Length];
        TensorPrimitives.ConvertChecked(values, result.AsSpan());
        return result;
    }
}
