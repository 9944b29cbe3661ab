using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Engine.Tasks.Kinds;

namespace OnnxEdit.Engine.Tasks.Detection;

/// <summary>
/// Objects that are told apart already, in several outputs: boxes (left, top, right, bottom), scores and classes, and maybe how many
/// of them count. Without a batch axis, as torchvision returns them, class 0 is the background.
/// </summary>
/// <param name="tensors">Boxes, scores, classes and, last, their number, if there is such an output.</param>
/// <param name="hasBackground">Whether class 0 is the background.</param>
/// <param name="classes">Number of classes, where it is known.</param>
sealed class SplitHead(IReadOnlyList<string> tensors, bool hasBackground, int? classes)
    : DetectorHead(tensors, hasBackground ? "boxes, scores and classes after the background" : "boxes, scores and classes", classes)
{
    public override bool NeedsSuppression => false;

    public override bool HasBackground => hasBackground;

    public override List<DetectedBox> Read(IReadOnlyList<ItemOutput> outputs, InputSize size, float least)
    {
        var (boxes, scores, numbers) = (outputs[0].Values, outputs[1].Values, outputs[2].Values);
        if (boxes.Length != 4 * scores.Length || numbers.Length != scores.Length)
            throw Unfit($"has {boxes.Length} values beside {scores.Length} scores and {numbers.Length} classes");
        var count = outputs.Count > 3 ? Math.Clamp((int)outputs[3].Values[0], 0, scores.Length) : scores.Length;
        List<DetectedBox> found = [];
        for (var i = 0; i < count; i++)
        {
            CheckScores(scores[i], scores[i]);
            // Free places are marked by a class of -1.
            if (scores[i] < least || numbers[i] < 0) continue;
            found.Add(new DetectedBox((int)numbers[i], scores[i], new Box(boxes[4 * i], boxes[4 * i + 1], boxes[4 * i + 2], boxes[4 * i + 3])));
        }
        BoxUnits.ToPixels(found, size);
        return found;
    }
}
