using OnnxEdit.Kernels.RandomNumbers;

namespace OnnxEdit.SampleTrainer;

/// <summary>The sample's network: a stem that halves the size, three residual blocks of 16, 32 and 64 channels, the mean over pixels, a linear layer.</summary>
sealed class Network
{
    const int Classes = 10, Features = 64;

    Activations _stem = null!;
    Activations _last = null!;
    float[] _pooled = [];

    public Network(ulong seed)
    {
        var random = new Philox4x32(seed, 1);
        Stem = new Convolution("conv1", 3, 16, 3, 2, random);
        StemNorm = new BatchNorm("bn1", 16);
        Blocks = [new Block("layer1.0", 16, 16, 1, random), new Block("layer2.0", 16, 32, 2, random), new Block("layer3.0", 32, Features, 2, random)];
        Weight = new Parameter("fc.weight", [Classes, Features], decays: true);
        Bias = new Parameter("fc.bias", [Classes], decays: false);
        foreach (ref var value in Weight.Values.AsSpan())
            value = (float)(random.NextGaussian() / Math.Sqrt(Features));
    }

    public Convolution Stem { get; }

    public BatchNorm StemNorm { get; }

    public IReadOnlyList<Block> Blocks { get; }

    public Parameter Weight { get; }

    public Parameter Bias { get; }

    public IEnumerable<Parameter> Parameters =>
    [
        Stem.Weight, StemNorm.Gamma, StemNorm.Beta,
        .. Blocks.SelectMany(block => new[]
        {
            block.First.Weight, block.FirstNorm.Gamma, block.FirstNorm.Beta, block.Second.Weight, block.SecondNorm.Gamma, block.SecondNorm.Beta,
            block.Shortcut?.Weight, block.ShortcutNorm?.Gamma, block.ShortcutNorm?.Beta,
        }).OfType<Parameter>(),
        Weight, Bias,
    ];

    /// <summary>Logits [count, 10] of a batch of normalised images.</summary>
    public float[] Forward(Activations images, bool isTraining)
    {
        _stem = StemNorm.Forward(Stem.Forward(images), isTraining);
        Block.Rectify(_stem);
        _last = Blocks.Aggregate(_stem, (values, block) => block.Forward(values, isTraining));
        _pooled = new float[images.Count * Features];
        for (var i = 0; i < _pooled.Length; i++)
            _pooled[i] = System.Numerics.Tensors.TensorPrimitives.Sum<float>(_last.Map(i / Features, i % Features)) / _last.Plane;
        var logits = new float[images.Count * Classes];
        for (var item = 0; item < images.Count; item++)
        {
            for (var output = 0; output < Classes; output++)
            {
                logits[(item * Classes) + output] = Bias.Values[output] + System.Numerics.Tensors.TensorPrimitives.Dot<float>(
                    _pooled.AsSpan(item * Features, Features), Weight.Values.AsSpan(output * Features, Features));
            }
        }

        return logits;
    }

    /// <summary>Adds the gradients of the last batch, given the gradient of its logits.</summary>
    public void Backward(float[] gradient)
    {
        var result = new Activations(_last.Count, Features, _last.Side);
        for (var item = 0; item < _last.Count; item++)
        {
            for (var feature = 0; feature < Features; feature++)
            {
                var sum = 0f;
                for (var output = 0; output < Classes; output++)
                {
                    var slope = gradient[(item * Classes) + output];
                    sum += slope * Weight.Values[(output * Features) + feature];
                    Weight.Gradient[(output * Features) + feature] += slope * _pooled[(item * Features) + feature];
                }

                result.Map(item, feature).Fill(sum / _last.Plane);
            }

            for (var output = 0; output < Classes; output++)
                Bias.Gradient[output] += gradient[(item * Classes) + output];
        }

        for (var i = Blocks.Count - 1; i >= 0; i--)
            result = Blocks[i].Backward(result);
        Block.RectifyGradient(result, _stem);
        Stem.Backward(StemNorm.Backward(result), needsInput: false);
    }
}
