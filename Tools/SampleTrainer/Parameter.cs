namespace OnnxEdit.SampleTrainer;

/// <summary>A trained tensor with its gradient; stochastic gradient descent with momentum moves it.</summary>
sealed class Parameter(string name, int[] shape, bool decays)
{
    readonly float[] _velocity = new float[Size(shape)];

    public string Name => name;

    public int[] Shape => shape;

    public float[] Values { get; } = new float[Size(shape)];

    public float[] Gradient { get; } = new float[Size(shape)];

    /// <summary>v = momentum v + g + decay w; w = w - rate v. Clears the gradient.</summary>
    public void Step(float rate, float momentum, float decay)
    {
        var shrink = decays ? decay : 0;
        for (var i = 0; i < Values.Length; i++)
        {
            _velocity[i] = (momentum * _velocity[i]) + Gradient[i] + (shrink * Values[i]);
            Values[i] -= rate * _velocity[i];
            Gradient[i] = 0;
        }
    }

    static int Size(int[] shape) => shape.Aggregate(1, (product, extent) => product * extent);
}
