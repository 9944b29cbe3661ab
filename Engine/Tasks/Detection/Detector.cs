using OnnxEdit.Engine.Tasks.Kinds;

namespace OnnxEdit.Engine.Tasks.Detection;

/// <summary>A detector at the size of picture that it gets.</summary>
/// <param name="Head">How it writes down what it finds.</param>
/// <param name="Size">The size.</param>
sealed record Detector(DetectorHead Head, InputSize Size)
{
    /// <summary>The objects of a picture, in pixels of the model's input, the surest first, at most <see cref="BoxSuppression.Limit"/>.</summary>
    /// <param name="outputs">One output for each of the tensors that the head reads.</param>
    /// <param name="least">The least score.</param>
    /// <inheritdoc cref="DetectorHead.Read"/>
    public IReadOnlyList<DetectedBox> Find(IReadOnlyList<ItemOutput> outputs, float least)
    {
        var boxes = Head.Read(outputs, Size, least);
        return Head.NeedsSuppression ? BoxSuppression.Keep(boxes) : [.. boxes.OrderByDescending(box => box.Score).Take(BoxSuppression.Limit)];
    }
}
