using System.Numerics.Tensors;

namespace OnnxEdit.Engine.Training.Rules;

/// <summary>
/// Momentum m &lt;- b m + g, of which every matrix (outputs by inputs and taps) is made nearly orthogonal before it is
/// followed (Jordan et al., 2024, Muon): all directions that the gradient has are gone along equally far. A step moves
/// a matrix by the share a of its own length, whatever its scale. Matrices of many rows are made orthogonal in blocks of
/// rows, which keeps the cost in proportion to the number of weights. Vectors, and filters of a single channel, which have
/// nothing to do with each other, follow <see cref="Adam"/> with a tenth of a.
/// </summary>
/// <param name="weights">The tensors, in the order of their numbers.</param>
sealed class OrthogonalMomentum(IReadOnlyList<TrainedWeight> weights) : Adam
{
    const double ShareOfVectors = 0.1;
    const int LeastColumns = 16, RowsOfBlock = 64;

    /// <summary>b.</summary>
    public double Momentum { get; init; } = 0.95;

    /// <inheritdoc/>
    public override void Update(int tensor, Span<float> values, ReadOnlySpan<float> gradient)
    {
        var rows = weights[tensor].Shape is [var first, _, ..] ? (int)first : 1;
        var columns = values.Length / rows;
        if (rows == 1 || columns < LeastColumns)
        {
            Follow(tensor, values, gradient, ShareOfVectors * StepSize);
            return;
        }
        var m = Memory(tensor, values.Length);
        TensorPrimitives.MultiplyAdd(m, (float)Momentum, gradient, m);
        // Nesterov's step: where the momentum will be after this gradient.
        var step = new float[m.Length];
        TensorPrimitives.MultiplyAdd(m, (float)Momentum, gradient, step);
        var blocks = (rows + RowsOfBlock - 1) / RowsOfBlock;
        for (var b = 0; b < blocks; b++)
        {
            var (from, to) = (b * rows / blocks, (b + 1) * rows / blocks);
            Orthogonal.Approach(step.AsSpan(from * columns, (to - from) * columns), to - from);
        }
        var length = TensorPrimitives.Norm<float>(step);
        if (length == 0) return;
        var rate = StepSize * TensorPrimitives.Norm<float>(values) / length;
        TensorPrimitives.Multiply(values, (float)(1 - StepSize * Decay), values);
        TensorPrimitives.MultiplyAdd(step, (float)-rate, values, values);
    }
}
