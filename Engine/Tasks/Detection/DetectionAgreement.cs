using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Engine.Tasks.Metrics;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Tasks.Detection;

/// <summary>What one detector finds, compared with what another is sure of: these are taken for the objects that are there.</summary>
/// <param name="detector">The detector that is agreed with; the other has outputs like it.</param>
sealed class DetectionAgreement(Detector detector) : AgreementMeter
{
    /// <summary>How sure the original must be.</summary>
    internal const float Sure = 0.25f;

    readonly MeanAveragePrecision _precision = new();

    public override void Add(int item, IReadOnlyList<ItemOutput> original, IReadOnlyList<ItemOutput> edited)
    {
        // What lies outside the picture cannot be agreed upon, nor can more than the metric counts.
        var objects = Seen(original, Sure).Where(box => !box.Box.IsEmpty).GroupBy(box => box.Class).SelectMany(own => own.Take(MeanAveragePrecision.Limit));
        _precision.Add(item, [.. objects.Select(box => new LabelledObject(box.Class, box.Box))], [.. Seen(edited, LabelledDetections.Least)]);
    }

    public override IReadOnlyList<MetricValue> Complete() => _precision.Complete() ?? throw new OnnxEngineException(
        ErrorKind.Data, FormattableString.Invariant($"The original finds nothing that it is sure of by {Sure} in any of the pictures, so there is nothing to agree upon; give pictures with objects that it knows, and check Preprocessing."));

    IEnumerable<DetectedBox> Seen(IReadOnlyList<ItemOutput> outputs, float least) =>
        detector.Find(outputs, least).Select(box => box with { Box = box.Box.Cut(detector.Size.Width, detector.Size.Height) });
}
