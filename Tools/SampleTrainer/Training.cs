using OnnxEdit.Engine.Sample;

namespace OnnxEdit.SampleTrainer;

/// <summary>Trains on pictures that are drawn anew for every step, so none is seen twice.</summary>
sealed class Training(Network network, ulong seed)
{
    const int Batch = 64;
    const float PeakRate = 0.05f, Momentum = 0.9f, Decay = 5e-4f;

    // The sample's own files hold the pictures below this number.
    const int FirstPicture = 1 << 24;

    /// <summary>Runs a cosine schedule over the given number of steps, with a short linear start.</summary>
    public void Run(int steps, Action<int, double, double> report)
    {
        double loss = 0, hits = 0;
        for (var step = 0; step < steps; step++)
        {
            var first = FirstPicture + (step * Batch);
            var logits = network.Forward(Draw(first, Batch), isTraining: true);
            var gradient = new float[logits.Length];
            for (var item = 0; item < Batch; item++)
            {
                var label = SampleImages.Label(first + item);
                var own = logits.AsSpan(item * 10, 10);
                loss += CrossEntropy(own, label, gradient.AsSpan(item * 10, 10));
                hits += Best(own) == label ? 1 : 0;
            }

            network.Backward(gradient);
            var rate = PeakRate * Math.Min(1, (step + 1) / 100f) * (float)((1 + Math.Cos(Math.PI * step / steps)) / 2);
            foreach (var parameter in network.Parameters)
                parameter.Step(rate, Momentum, Decay);
            if ((step + 1) % 100 != 0)
                continue;
            report(step + 1, loss / (100 * Batch), hits / (100 * Batch));
            (loss, hits) = (0, 0);
        }
    }

    /// <summary>Number of right answers on the pictures [first, first + count).</summary>
    public int Right(int first, int count)
    {
        var right = 0;
        for (var start = first; start < first + count; start += Batch)
        {
            var items = Math.Min(Batch, first + count - start);
            var logits = network.Forward(Draw(start, items), isTraining: false);
            for (var item = 0; item < items; item++)
                right += Best(logits.AsSpan(item * 10, 10)) == SampleImages.Label(start + item) ? 1 : 0;
        }

        return right;
    }

    /// <summary>Normalised pictures [count, 3, 32, 32].</summary>
    public Activations Draw(int first, int count)
    {
        var images = new Activations(count, 3, SampleImages.Side);
        Shards.Run(count, (_, from, to) =>
        {
            var planes = new byte[SampleImages.Length];
            for (var item = from; item < to; item++)
            {
                SampleImages.Draw(seed, first + item, planes);
                var values = images.Item(item);
                for (var i = 0; i < planes.Length; i++)
                    values[i] = ((planes[i] / 255f) - SampleFolder.Mean) / SampleFolder.Std;
            }
        });
        return images;
    }

    internal static int Best(ReadOnlySpan<float> logits) => System.Numerics.Tensors.TensorPrimitives.IndexOfMax(logits);

    /// <summary>-log softmax(logits)[label]; its gradient, divided by the batch, is softmax - one-hot.</summary>
    static double CrossEntropy(ReadOnlySpan<float> logits, int label, Span<float> gradient)
    {
        double sum = 0, peak = logits[Best(logits)];
        foreach (var logit in logits)
            sum += Math.Exp(logit - peak);
        for (var i = 0; i < logits.Length; i++)
            gradient[i] = (float)(((Math.Exp(logits[i] - peak) / sum) - (i == label ? 1 : 0)) / Batch);
        return Math.Log(sum) - (logits[label] - peak);
    }
}
