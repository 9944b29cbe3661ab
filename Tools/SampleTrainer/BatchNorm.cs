namespace OnnxEdit.SampleTrainer;

/// <summary>Batch normalisation over items and pixels, with running statistics for use after training.</summary>
sealed class BatchNorm
{
    const double Momentum = 0.1;
    public const float Epsilon = 1e-5f;

    readonly int _channels;
    readonly double[] _inverse;
    Activations _normalised = null!;

    public BatchNorm(string name, int channels)
    {
        (Name, _channels, _inverse) = (name, channels, new double[channels]);
        Gamma = new Parameter(name + ".weight", [channels], decays: false);
        Beta = new Parameter(name + ".bias", [channels], decays: false);
        (RunningMean, RunningVariance) = (new float[channels], new float[channels]);
        Array.Fill(Gamma.Values, 1);
        Array.Fill(RunningVariance, 1);
    }

    public string Name { get; }

    public Parameter Gamma { get; }

    public Parameter Beta { get; }

    public float[] RunningMean { get; }

    public float[] RunningVariance { get; }

    /// <summary>y = gamma (x - mean) / sqrt(variance + epsilon) + beta.</summary>
    public Activations Forward(Activations input, bool isTraining)
    {
        var output = new Activations(input.Count, _channels, input.Side);
        _normalised = isTraining ? new Activations(input.Count, _channels, input.Side) : null!;
        Parallel.For(0, _channels, channel =>
        {
            double mean = RunningMean[channel], variance = RunningVariance[channel];
            if (isTraining)
            {
                var count = (double)input.Count * input.Plane;
                (mean, variance) = Moments(input, channel);
                RunningMean[channel] += (float)(Momentum * (mean - RunningMean[channel]));
                RunningVariance[channel] += (float)(Momentum * ((variance * count / (count - 1)) - RunningVariance[channel]));
            }

            _inverse[channel] = 1 / Math.Sqrt(variance + Epsilon);
            var (scale, shift) = ((float)_inverse[channel], (float)(-mean * _inverse[channel]));
            var (gamma, beta) = (Gamma.Values[channel], Beta.Values[channel]);
            for (var item = 0; item < input.Count; item++)
            {
                var from = input.Map(item, channel);
                var to = output.Map(item, channel);
                var kept = isTraining ? _normalised.Map(item, channel) : to;
                for (var i = 0; i < from.Length; i++)
                {
                    var value = (from[i] * scale) + shift;
                    kept[i] = value;
                    to[i] = (gamma * value) + beta;
                }
            }
        });
        return output;
    }

    /// <summary>dx = gamma inverse (dy - mean(dy) - xhat mean(dy xhat)).</summary>
    public Activations Backward(Activations gradient)
    {
        var result = new Activations(gradient.Count, _channels, gradient.Side);
        Parallel.For(0, _channels, channel =>
        {
            double sum = 0, product = 0;
            for (var item = 0; item < gradient.Count; item++)
            {
                var dy = gradient.Map(item, channel);
                var x = _normalised.Map(item, channel);
                for (var i = 0; i < dy.Length; i++)
                {
                    sum += dy[i];
                    product += dy[i] * x[i];
                }
            }

            Beta.Gradient[channel] += (float)sum;
            Gamma.Gradient[channel] += (float)product;
            var count = (double)gradient.Count * gradient.Plane;
            var (mean, slope) = ((float)(sum / count), (float)(product / count));
            var scale = (float)(Gamma.Values[channel] * _inverse[channel]);
            for (var item = 0; item < gradient.Count; item++)
            {
                var dy = gradient.Map(item, channel);
                var x = _normalised.Map(item, channel);
                var dx = result.Map(item, channel);
                for (var i = 0; i < dy.Length; i++)
                    dx[i] = scale * (dy[i] - mean - (x[i] * slope));
            }
        });
        return result;
    }

    static (double Mean, double Variance) Moments(Activations input, int channel)
    {
        double sum = 0, squares = 0;
        for (var item = 0; item < input.Count; item++)
        {
            foreach (var value in input.Map(item, channel))
            {
                sum += value;
                squares += (double)value * value;
            }
        }

        var count = (double)input.Count * input.Plane;
        return (sum / count, Math.Max(0, (squares / count) - (sum / count * sum / count)));
    }
}
