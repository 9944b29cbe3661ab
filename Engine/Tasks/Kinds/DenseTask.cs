using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Engine.Tasks.Dense;
using OnnxEdit.Engine.Tasks.Metrics;
using OnnxEdit.Engine.Tasks.OwnAnswers;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Tasks.Kinds;

/// <summary>An answer for every pixel: segmentation and matting (classes), depth and pictures (numbers).</summary>
sealed class DenseTask : ModelTask
{
    /// <inheritdoc/>
    public override string Name => "dense";

    /// <inheritdoc/>
    public override string? Help => "mean IoU of masks, or the error of maps of numbers";

    /// <inheritdoc/>
    public override string? Obstacle(TaskSubject subject) => DenseHead.Find(subject, out var why) is null ? why : null;

    /// <inheritdoc/>
    public override bool IsTelling(TaskSubject subject) => DenseHead.Find(subject, out _) is { IsSure: true };

    /// <inheritdoc/>
    public override bool IsLabelled(ItemSet items) => items.Count > 0 && items.Target(0) is MaskTarget or ValuesTarget;

    /// <inheritdoc/>
    public override (IReadOnlyList<string> Tensors, string Said) Reads(TaskSubject subject)
    {
        var head = Head(subject);
        return ([head.Output.Name], $"'{head.Output.Name}' ({head.Form switch
        {
            DenseForm.Scores when head.Channels > 0 => $"the likeliest of {head.Channels} classes at each pixel",
            DenseForm.Scores => "the likeliest class at each pixel",
            DenseForm.Classes => "a class at each pixel",
            DenseForm.Probability => "the second of two classes where it is above .5",
            _ when head.Channels == 1 => "numbers; against masks, the second of two classes where they are above 0",
            _ => "numbers; against masks, the likeliest class at each pixel",
        }})");
    }

    /// <inheritdoc/>
    public override TaskAnswer Answer(TaskSubject subject) => Head(subject) switch
    {
        { Form: DenseForm.Classes } head => throw new OnnxEngineException(ErrorKind.Model,
            $"'{head.Output.Name}' holds the class at each pixel, which has no gradient and says nothing of how sure it is; name the scores before it with EvaluationOptions.Output."),
        { Form: DenseForm.Scores, ChannelAxis: { } axis } head => new MarginAnswer("pixel", ClassifierOutput.BeforeSoftmax(subject.Index, head.Output.Name), axis),
        var head => WeightedAnswer.Similarity($"the map '{head.Output.Name}'", head.Output.Name),
    };

    /// <inheritdoc/>
    public override LabelledMeter Measure(TaskSubject subject, ItemSet items) => items.Target(0) is ValuesTarget ? new Numbers(Head(subject), items) : new Masks(Head(subject), items);

    /// <inheritdoc/>
    public override AgreementMeter Agree(TaskSubject subject, ItemSet items) =>
        Head(subject) is { Form: not DenseForm.Numbers } head ? new SameClasses(head, items.Count) : new SameNumbers(items.Count);

    static DenseHead Head(TaskSubject subject) =>
        DenseHead.Find(subject, out var why) ?? throw new OnnxEngineException(ErrorKind.Model, $"The model cannot be measured as dense: it {why}.");

    sealed class Masks(DenseHead head, ItemSet items) : LabelledMeter
    {
        readonly ClassOverlap _overlap = new(items.Count);

        public override void Add(int item, IReadOnlyList<ItemOutput> outputs)
        {
            var mask = items.Target(item) as MaskTarget ?? throw new OnnxEngineException(ErrorKind.Data, $"Item {item} has no mask, as the items before have.");
            var found = DenseMap.Of(head, item, outputs[0]);
            foreach (var c in mask.Classes)
                if (c >= found.Known && c != MaskTarget.Ignored)
                    throw new OnnxEngineException(ErrorKind.Data, $"The mask of item {item} holds class {c}, but '{head.Output.Name}' tells {found.Known} apart, 0 to {found.Known - 1} (255 counts for nothing); give masks in the model's own classes.");
            _overlap.Add(item, found.Wanted(mask), found.Classes);
        }

        public override IReadOnlyList<MetricValue> Complete() => _overlap.Metrics();
    }

    sealed class Numbers(DenseHead head, ItemSet items) : LabelledMeter
    {
        readonly NumberErrors _errors = new(items.Count);

        public override void Add(int item, IReadOnlyList<ItemOutput> outputs)
        {
            var (wanted, found) = ((items.Target(item) as ValuesTarget)?.Values, outputs[0].Values);
            if (wanted?.Count != found.Length)
                throw new OnnxEngineException(ErrorKind.Data, $"Item {item} is labelled with {wanted?.Count ?? 0} numbers, but '{head.Output.Name}' holds {found.Length} for it; give one for each of its values.");
            _errors.Add(item, wanted, found);
        }

        public override IReadOnlyList<MetricValue> Complete() => [_errors.Mean, _errors.Root];
    }

    sealed class SameClasses(DenseHead head, int items) : AgreementMeter
    {
        readonly ClassOverlap _overlap = new(items);

        public override void Add(int item, IReadOnlyList<ItemOutput> original, IReadOnlyList<ItemOutput> edited)
        {
            var (wanted, found) = (DenseMap.Of(head, item, original[0]), DenseMap.Of(head, item, edited[0]));
            if (wanted.Classes.Length != found.Classes.Length)
                throw new OnnxEngineException(ErrorKind.Model, $"The edited model returns a map of {found.Height}x{found.Width} for item {item}, the original one of {wanted.Height}x{wanted.Width}, so they cannot be compared.");
            _overlap.Add(item, wanted.Classes, found.Classes);
        }

        public override IReadOnlyList<MetricValue> Complete() => _overlap.Metrics();
    }

    // The relative error first: an error in the numbers' own unit is measured against 0, of which no percentage can be taken.
    sealed class SameNumbers(int items) : AgreementMeter
    {
        readonly RelativeErrors _relative = new(items, isFloat: true);
        readonly NumberErrors _errors = new(items);

        public override void Add(int item, IReadOnlyList<ItemOutput> original, IReadOnlyList<ItemOutput> edited)
        {
            _relative.Add(item, original[0].Values, edited[0].Values);
            if (original[0].Values.Length == edited[0].Values.Length) _errors.Add(item, original[0].Values, edited[0].Values);
        }

        public override IReadOnlyList<MetricValue> Complete() => _relative.Metric("error") is var error && double.IsNaN(error.Value) ? [error] : [error, _errors.Mean, _errors.Root];
    }
}
