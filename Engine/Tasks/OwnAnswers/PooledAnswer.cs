using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery.Components;

namespace OnnxEdit.Engine.Tasks.OwnAnswers;

/// <summary>Similarity of a vector that is made of [positions, width], to the own one.</summary>
/// <param name="what">The vector, in words.</param>
/// <param name="tensor">The tensor.</param>
/// <param name="pooling">How it is made.</param>
sealed class PooledAnswer(string what, string tensor, Pooling pooling) : TaskAnswer("similarity", $"similarity to the model's own answer, {what}; {Whole}", tensor)
{
    /// <inheritdoc/>
    public override AnswerReading Reading(int[] shape) => new(Tensor, shape, shape.Length == 2 ? AnswerForm.Pooled : AnswerForm.Sum);

    /// <inheritdoc/>
    protected override float[][] Of(ItemOutput output, AnswerReading reading)
    {
        var vector = Normed(pooling.Vector(output));
        if (reading.Form == AnswerForm.Sum)
        {
            // One vector to begin with, or the first of several.
            var weights = new float[output.Values.Length];
            vector.CopyTo(weights, 0);
            return [weights];
        }
        var shares = new float[reading.Shape[0]];
        pooling.Shares(output).CopyTo(shares, 0);
        return [vector, shares];
    }
}
