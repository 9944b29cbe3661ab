namespace OnnxEdit.Engine.Training.Rules;

/// <summary>
/// How weights follow their gradients, in place. One rule per run: it keeps what it remembers of earlier steps, tensor by
/// tensor. Symbols: theta weights, g gradient, a step size.
/// </summary>
abstract class UpdateRule
{
    readonly Dictionary<int, float[][]> _memory = [];

    /// <summary>Step size of the coming steps; schedules change it.</summary>
    public required double StepSize { get; set; }

    /// <summary>Steps begun; 1 during the first.</summary>
    protected int Step { get; private set; }

    /// <summary>Looks at all gradients of a step before the first tensor changes.</summary>
    /// <param name="norm">Length of the whole gradient.</param>
    public virtual void Begin(double norm) => Step++;

    /// <summary>Changes one tensor of weights.</summary>
    /// <param name="tensor">Its number, the same in every step.</param>
    /// <param name="weights">theta.</param>
    /// <param name="gradient">g.</param>
    public abstract void Update(int tensor, Span<float> weights, ReadOnlySpan<float> gradient);

    /// <summary>What is remembered, tensor by tensor.</summary>
    internal IReadOnlyDictionary<int, float[][]> Memories => _memory;

    /// <summary>Goes on after some steps of an earlier run.</summary>
    /// <param name="step">Steps begun then.</param>
    /// <param name="memories">What was remembered.</param>
    internal void Resume(int step, IReadOnlyDictionary<int, float[][]> memories)
    {
        Step = step;
        _memory.Clear();
        foreach (var (tensor, arrays) in memories) _memory[tensor] = arrays;
    }

    /// <summary>An array kept for a tensor between steps, zero at first.</summary>
    protected Span<float> Memory(int tensor, int length, int number = 0)
    {
        if (!_memory.TryGetValue(tensor, out var arrays)) _memory[tensor] = arrays = [];
        while (arrays.Length <= number) _memory[tensor] = arrays = [.. arrays, new float[length]];
        return arrays[number];
    }
}
