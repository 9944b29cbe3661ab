using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Engine.Tasks.OwnAnswers;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Tasks.Detection;

/// <summary>How a detector writes down the objects that it finds. What it reads is known from the graph; what its numbers mean, from a run where the graph does not tell.</summary>
/// <param name="tensors">The outputs that are read.</param>
/// <param name="said">What they hold, in words that follow "as".</param>
/// <param name="classes">Number of classes, null where only the values tell.</param>
abstract class DetectorHead(IReadOnlyList<string> tensors, string said, int? classes)
{
    // Scores that are probabilities in lower precision may be a little off.
    const float Slack = 0.01f;

    /// <summary>The outputs that are read, in the order in which <see cref="Read"/> gets them.</summary>
    public IReadOnlyList<string> Tensors => tensors;

    /// <summary>What they hold.</summary>
    public string Said => said;

    /// <summary>Number of classes; null: not declared.</summary>
    public int? Classes => classes;

    /// <summary>Whether boxes that overlap are still to be told apart.</summary>
    public abstract bool NeedsSuppression { get; }

    /// <summary>Where boxes end and scores begin, an axis behind that of the items and an index; null: not in one tensor.</summary>
    public virtual (int Axis, int From)? Border => null;

    /// <summary>Whether class 0 is the background, so that the objects' classes begin at 1.</summary>
    public virtual bool HasBackground => false;

    /// <summary>The boxes of a picture, in pixels of the model's input, that are at least so sure.</summary>
    /// <param name="outputs">One output for each of the tensors.</param>
    /// <param name="size">Size of the picture that the model got.</param>
    /// <param name="least">The least score.</param>
    /// <exception cref="OnnxEngineException">The values are none of such a head, or not finite (<see cref="ErrorKind.Model"/>).</exception>
    public abstract List<DetectedBox> Read(IReadOnlyList<ItemOutput> outputs, InputSize size, float least);

    /// <summary>What attributions explain: how sure the model still is of what it finds itself.</summary>
    /// <exception cref="OnnxEngineException">Its scores have no place of their own (<see cref="ErrorKind.Model"/>).</exception>
    public virtual TaskAnswer Answer() => throw new OnnxEngineException(ErrorKind.Model,
        $"'{tensors[0]}' is a list of objects that were chosen already, whose places change with every change of the model; name the tensor before the choice with EvaluationOptions.Output.");

    /// <summary>An output's extents without the batch axis, which a run of one item may keep.</summary>
    protected static int[] Extents(ItemOutput output, int rank) => output.Shape is var shape && shape.Length == rank + 1 && shape[0] == 1 ? shape[1..] : shape;

    /// <summary>Refuses what cannot be a probability.</summary>
    protected void CheckScores(float smallest, float largest)
    {
        if (smallest >= -Slack && largest <= 1 + Slack) return;
        throw Unfit(float.IsNaN(smallest) || float.IsNaN(largest) ? "holds scores that are not numbers; the model's weights or the data hold values it cannot work with"
            : FormattableString.Invariant($"holds scores from {smallest:0.###} to {largest:0.###}, which are no probabilities; say with EvaluationOptions.Task what the model is if it is no detector, or add the Sigmoid that is missing"));
    }

    /// <summary>An error about the values of the output.</summary>
    protected OnnxEngineException Unfit(string why) => new(ErrorKind.Model, $"The output '{tensors[0]}', read as {said}, {why}.");
}
