using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Engine.Tasks.Metrics;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Tasks.Detection;

/// <summary>What a detector finds, compared with the objects that the data says are there.</summary>
/// <param name="detector">The detector.</param>
/// <param name="classes">Which class of the data each of the detector's is.</param>
/// <param name="items">The pictures, all with an <see cref="ObjectsTarget"/>.</param>
sealed class LabelledDetections(Detector detector, ObjectClassMap classes, ItemSet items) : LabelledMeter
{
    /// <summary>Average precision looks at all cuts of the list, so that nearly all boxes are wanted.</summary>
    internal const float Least = 0.001f;

    readonly MeanAveragePrecision _precision = new();

    public override void Add(int item, IReadOnlyList<ItemOutput> outputs)
    {
        var target = items.Target(item) as ObjectsTarget ?? throw new OnnxEngineException(ErrorKind.Data, $"Nothing says which objects are in item {item}; leave it out or give it labels.");
        var found = detector.Find(outputs, Least);
        _precision.Add(item, target.Objects, [.. found.Select(box => box with
        {
            Class = classes.OfData(box.Class),
            // The model sees a border around the picture, and its boxes may reach into it; labels do not.
            Box = target.Fit.ToStored(box.Box).Cut(target.Width, target.Height),
        })]);
    }

    public override IReadOnlyList<MetricValue> Complete() => _precision.Complete()
        ?? throw new OnnxEngineException(ErrorKind.Data, "None of the pictures has a labelled object that counts, so nothing can be measured; give pictures with objects.");
}
