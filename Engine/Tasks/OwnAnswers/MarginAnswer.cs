using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery.Components;

namespace OnnxEdit.Engine.Tasks.OwnAnswers;

/// <summary>The margin of the class that the model itself takes, its score less the largest other one, in the mean over all places (pixels, positions) that are no padding.</summary>
/// <param name="place">A place, in a word.</param>
/// <param name="tensor">The tensor.</param>
/// <param name="classAxis">Where the classes stand, without the batch axis.</param>
sealed class MarginAnswer(string place, string tensor, int classAxis)
    : TaskAnswer("margin", $"margin of the model's own answer, the score of its class less the largest other one, mean over the {place}s of '{tensor}'", tensor)
{
    /// <inheritdoc/>
    public override AnswerReading Reading(int[] shape) => new(Tensor, shape, AnswerForm.Margin, classAxis);

    /// <inheritdoc/>
    protected override float[][] Of(ItemOutput output, AnswerReading reading)
    {
        var (count, inner) = (reading.Shape[classAxis], reading.Shape.Skip(classAxis + 1).Aggregate(1, (a, b) => a * b));
        var places = reading.Places.Aggregate(1, (a, b) => a * b);
        var (classes, shares) = (new float[places], new float[places]);
        for (var place = 0; place < output.Values.Length / count; place++)
        {
            var first = place / inner * inner * count + place % inner;
            if (!IsReal(output, first)) continue;
            var best = 0;
            for (var c = 1; c < count; c++)
                if (output.Values[first + c * inner] > output.Values[first + best * inner]) best = c;
            (classes[place], shares[place]) = (best, 1);
        }
        var real = Math.Max(1, shares.Sum());
        return [classes, Array.ConvertAll(shares, share => share / real)];
    }
}
