using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Engine.Tasks.Detection;
using OnnxEdit.Engine.Tasks.OwnAnswers;

namespace OnnxEdit.Engine.Tasks.Kinds;

/// <summary>Finding objects in pictures: boxes with a class and a score.</summary>
sealed class DetectionTask : ModelTask
{
    /// <summary>Its name.</summary>
    internal const string Word = "detection";

    /// <inheritdoc/>
    public override string Name => Word;

    /// <inheritdoc/>
    public override string Help => "mean average precision of boxes, as COCO counts";

    /// <inheritdoc/>
    public override string? Obstacle(TaskSubject subject) => DetectorHeads.Of(subject).Obstacle;

    /// <inheritdoc/>
    public override bool IsLabelled(ItemSet items) => items.Count > 0 && items.Target(0) is ObjectsTarget;

    /// <inheritdoc/>
    public override (IReadOnlyList<string> Tensors, string Said) Reads(TaskSubject subject)
    {
        var head = Head(subject);
        return (head.Tensors, $"{string.Join(", ", head.Tensors.Select(tensor => $"'{tensor}'"))} as {head.Said}");
    }

    /// <inheritdoc/>
    public override string? Unteachable(TaskSubject subject) => Head(subject).NeedsSuppression ? null : "lists objects that it chose itself, in an order of its own";

    /// <inheritdoc/>
    public override (int Axis, int From)? Border(TaskSubject subject) => Head(subject).Border;

    /// <inheritdoc/>
    public override TaskAnswer Answer(TaskSubject subject) => Head(subject).Answer();

    /// <inheritdoc/>
    public override LabelledMeter Measure(TaskSubject subject, ItemSet items) => new LabelledDetections(Start(subject, items), ObjectClassMap.Of(subject, Head(subject), items), items);

    /// <inheritdoc/>
    public override AgreementMeter Agree(TaskSubject subject, ItemSet items) => new DetectionAgreement(Start(subject, items));

    static DetectorHead Head(TaskSubject subject) => DetectorHeads.Of(subject) is ({ } head, _) ? head : throw new InvalidOperationException("The model is no detector; its obstacle says why.");

    static Detector Start(TaskSubject subject, ItemSet items)
    {
        var geometry = InputGeometry.FromShape(items.ItemShape);
        return new Detector(Head(subject), new InputSize(geometry.Height, geometry.Width));
    }
}
