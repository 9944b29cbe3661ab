namespace OnnxEdit.SampleTrainer;

/// <summary>A batch of feature maps [Count, Channels, Side, Side].</summary>
sealed class Activations(int count, int channels, int side)
{
    public int Count => count;

    public int Channels => channels;

    public int Side => side;

    /// <summary>Values of one channel of one item.</summary>
    public int Plane => side * side;

    public float[] Values { get; } = new float[count * channels * side * side];

    public Span<float> Item(int index) => Values.AsSpan(index * channels * Plane, channels * Plane);

    public Span<float> Map(int index, int channel) => Values.AsSpan(((index * channels) + channel) * Plane, Plane);
}
