using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Components;

namespace OnnxEdit.Engine.Tasks.OwnAnswers;

/// <summary>
/// The number per item that attributions explain where there are no classes: how firmly a changed model still gives the answer that the model
/// itself gave. It is linear in the outputs, or in their differences, with weights that the model's own answer sets, so that its gradient does
/// not vanish where nothing is changed yet; a cosine with the own answer, which is largest there, would tell nothing.
/// </summary>
/// <param name="word">What it is, in a word: similarity, margin, score, value.</param>
/// <param name="said">What it is, in words that follow "answer:".</param>
/// <param name="tensor">The graph output or inner tensor that it is read from.</param>
abstract class TaskAnswer(string word, string said, string tensor)
{
    /// <summary>Of answers that are 1 for the model as it is.</summary>
    protected const string Whole = "1 for the model as it is";

    /// <summary>What it is, in a word.</summary>
    public string Word => word;

    /// <summary>What it is, in words that follow "answer:".</summary>
    public string Said => said;

    /// <summary>The tensor that it is read from.</summary>
    public string Tensor => tensor;

    /// <summary>Whether layers that make the tensor directly have components, too: what they make are features, not scores.</summary>
    public bool CountsLast { get; init; }

    /// <summary>How it is read.</summary>
    /// <param name="shape">Extents of the tensor for one item.</param>
    public abstract AnswerReading Reading(int[] shape);

    /// <summary>What an item brings for each input of the reading, row-major.</summary>
    /// <param name="item">The item, for an error.</param>
    /// <param name="output">What the model answers to it; of sequences maybe without padding at the end.</param>
    /// <param name="reading">How it is read.</param>
    /// <exception cref="OnnxEngineException">A value is not finite (<see cref="ErrorKind.Model"/>).</exception>
    public float[][] Weights(int item, ItemOutput output, AnswerReading reading)
    {
        // What a layer makes of padding is nobody's answer, whatever it is.
        var real = Enumerable.Range(0, output.Values.Length).Where(i => IsReal(output, i));
        return real.All(i => float.IsFinite(output.Values[i])) ? Of(output, reading)
            : throw new OnnxEngineException(ErrorKind.Model, $"The output '{Tensor}' is not finite for item {item}; the model's weights or the data hold values it cannot work with.");
    }

    /// <summary>The same for values that are finite.</summary>
    protected abstract float[][] Of(ItemOutput output, AnswerReading reading);

    /// <summary>Whether a value belongs to a position that is no padding; all do of what has no mask.</summary>
    protected static bool IsReal(ItemOutput output, int value) =>
        output.Mask is not { } mask || output.Shape.Length < 2 || output.Shape[0] != mask.Length || mask[value / (output.Values.Length / mask.Length)];

    /// <summary>Values as weights that give 1 for these values themselves; zeros, of which nothing can be left, stay zeros.</summary>
    protected static float[] Normed(float[] values)
    {
        var square = values.Sum(value => (double)value * value);
        return square == 0 ? values : Array.ConvertAll(values, value => (float)(value / square));
    }
}
