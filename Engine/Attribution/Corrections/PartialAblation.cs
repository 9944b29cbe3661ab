using System.Numerics.Tensors;
using OnnxEdit.Engine.Attribution.Ablations;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Components;
using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Graph;

namespace OnnxEdit.Engine.Attribution.Corrections;

/// <summary>
/// Ablates components in part: climbs what an edit is worth along the gradients of the masks, which at every point are the
/// attributions of all components at once, and draws what does not matter back to 1. What is climbed is the mean margin of the
/// target, as far as it is wanted, as a share of what is enough, and the log-likelihood of validation images.
/// </summary>
sealed class PartialAblation : IDisposable
{
    /// <summary>Steps in all.</summary>
    public const int Steps = 100;

    /// <summary>What a mask moves in one step, about; Adam makes all of them move alike.</summary>
    const double Rate = 0.02;

    /// <summary>What every mask is drawn back to 1 in one step: a quarter of what a mask moves that all examples agree on.</summary>
    const double Return = 0.005;

    const double Momentum = 0.9, Memory = 0.99;

    /// <summary>Masks closer to 0 or 1 than this stand there.</summary>
    const float Close = 0.01f;

    readonly ItemSet _target;
    readonly ItemSet _validation;
    readonly bool _lower;
    readonly double _enough;
    readonly double _weight;
    readonly MaskedGradients _margins;
    readonly MaskedGradients _losses;
    readonly float[] _mask;
    readonly double[] _mean;
    readonly double[] _square;
    int _step;

    /// <summary>Prepares the gradients; every component is there.</summary>
    /// <param name="model">The folded network.</param>
    /// <param name="signature">What it takes and returns.</param>
    /// <param name="components">Its components.</param>
    /// <param name="constants">What stands for an ablated one.</param>
    /// <param name="target">Labelled examples whose answers shall change.</param>
    /// <param name="validation">Labelled images on which answers shall stay.</param>
    /// <param name="lower">Whether the target's margins shall fall.</param>
    /// <param name="enough">Margin beyond which no more is wanted.</param>
    /// <param name="weight">What the log-likelihood of validation images counts.</param>
    /// <exception cref="OnnxSurgeryException">An operator has no gradient.</exception>
    public PartialAblation(
        NormalisedModel model, ClassifierSignature signature, ComponentMap components, ComponentConstants constants,
        ItemSet target, ItemSet validation, bool lower, double enough, double weight)
    {
        (_target, _validation, _lower, _enough, _weight) = (target, validation, lower, enough, weight);
        int Batch(ItemSet images) => signature.FixedBatch ?? Math.Min(50, images.Count);
        var sessions = AllOrNone.Make(2, i => i == 0
            ? new MaskedGradients(model, signature, components, constants, AnswerKind.Margin, Batch(target))
            : new MaskedGradients(model, signature, components, constants, AnswerKind.Loss, Batch(validation)));
        (_margins, _losses) = (sessions[0], sessions[1]);
        (_mask, _mean, _square) = (new float[components.Count], new double[components.Count], new double[components.Count]);
        Array.Fill(_mask, 1);
    }

    /// <summary>What is left of each component, [components].</summary>
    public float[] Mask() => [.. _mask.Select(m => m < Close ? 0 : m > 1 - Close ? 1 : m)];

    /// <summary>One step on a batch of target examples and one of validation images, both in turns.</summary>
    /// <exception cref="OnnxEngineException">The model fails, or its gradients are not finite.</exception>
    public void Step()
    {
        // Uphill of the target, downhill of the loss. A margin that is no number is never enough, so that its gradient is seen below.
        var gradient = Mean(_margins, _target, margin => (_lower ? -margin : margin) >= _enough ? 0 : (_lower ? -1 : 1) / _enough);
        TensorPrimitives.Add(gradient, Mean(_losses, _validation, _ => -_weight), gradient);
        if (!gradient.All(double.IsFinite)) throw new OnnxEngineException(ErrorKind.Model, "The gradients of the masks are not finite; the model's weights or the data hold values it cannot work with.");
        _step++;
        for (var j = 0; j < _mask.Length; j++)
        {
            _mean[j] = Momentum * _mean[j] + (1 - Momentum) * gradient[j];
            _square[j] = Memory * _square[j] + (1 - Memory) * gradient[j] * gradient[j];
            var move = _mean[j] / (1 - Math.Pow(Momentum, _step)) / (Math.Sqrt(_square[j] / (1 - Math.Pow(Memory, _step))) + 1e-8);
            _mask[j] = (float)Math.Min(1, Math.Clamp(_mask[j] + Rate * move, 0, 1) + Return);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _margins.Dispose();
        _losses.Dispose();
    }

    // Mean over a batch of the gradients of answers, each times a factor.
    double[] Mean(MaskedGradients session, ItemSet images, Func<float, double> factor)
    {
        var (d, sum) = (_mask.Length, new double[_mask.Length]);
        var batches = (images.Count + session.Batch - 1) / session.Batch;
        var count = session.Load(images, _step % batches * session.Batch);
        for (var i = 0; i < session.Batch; i++) _mask.CopyTo(session.Masks, i * d);
        session.Run((answers, gradients) =>
        {
            for (var i = 0; i < count; i++)
            {
                var times = factor(answers[i]) / count;
                if (times == 0) continue;
                var own = gradients.Slice(i * d, d);
                for (var j = 0; j < d; j++) sum[j] += times * own[j];
            }
        });
        return sum;
    }
}
