using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery.Components;

namespace OnnxEdit.Engine.Tasks.OwnAnswers;

/// <summary>The sum of all values, each times a weight.</summary>
/// <param name="word">What it is, in a word.</param>
/// <param name="said">What it is, in words that follow "answer:".</param>
/// <param name="tensor">The tensor that it is read from.</param>
/// <param name="weights">The weights, of the model's own values, padding being zero.</param>
sealed class WeightedAnswer(string word, string said, string tensor, Func<float[], float[]> weights) : TaskAnswer(word, said, tensor)
{
    /// <summary>
    /// How much of the own values is left: the product of both over the square of the own ones, 1 where nothing is changed. Of a single value the
    /// value itself.
    /// </summary>
    /// <param name="what">The values, in words.</param>
    /// <param name="tensor">The tensor.</param>
    /// <param name="countsLast">Whether they are features, see <see cref="TaskAnswer.CountsLast"/>.</param>
    public static WeightedAnswer Similarity(string what, string tensor, bool countsLast = false) =>
        new("similarity", $"similarity to the model's own answer, {what}; {Whole}", tensor, Normed) { CountsLast = countsLast };

    /// <summary>The only value of an item.</summary>
    /// <param name="tensor">The tensor.</param>
    public static WeightedAnswer Value(string tensor) => new("value", $"the value '{tensor}'", tensor, _ => [1]);

    /// <inheritdoc/>
    public override AnswerReading Reading(int[] shape) => new(Tensor, shape, AnswerForm.Sum);

    /// <inheritdoc/>
    protected override float[][] Of(ItemOutput output, AnswerReading reading)
    {
        var values = new float[reading.Shape.Aggregate(1, (a, b) => a * b)];
        for (var i = 0; i < output.Values.Length; i++)
            if (IsReal(output, i)) values[i] = output.Values[i];
        return [weights(values)];
    }
}
