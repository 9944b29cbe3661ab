using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Engine.Tasks.Metrics;
using OnnxEdit.Engine.Tasks.OwnAnswers;
using OnnxEdit.Engine.Tasks.Sequences;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Tasks.Kinds;

/// <summary>A class at every position: text that is read from pictures (connectionist temporal classification), or tags of words.</summary>
sealed class SequenceTask : ModelTask
{
    /// <inheritdoc/>
    public override string Name => "sequence";

    /// <inheritdoc/>
    public override string? Help => "strings read exactly and errors per character, or F1 of tagged words";

    // Text reads in one direction.
    /// <inheritdoc/>
    public override bool HasViews => false;

    /// <inheritdoc/>
    public override string? Obstacle(TaskSubject subject) => SequenceHead.Find(subject, out var why) is null ? why : null;

    /// <inheritdoc/>
    public override bool IsLabelled(ItemSet items) => items.Count > 0 && items.Target(0) is TextTarget or TagsTarget;

    /// <inheritdoc/>
    public override (IReadOnlyList<string> Tensors, string Said) Reads(TaskSubject subject)
    {
        var head = Head(subject);
        var how = head.Alphabet is { } alphabet ? $"the likeliest class at each position, repeats and blanks left out; {alphabet.Said}" : "the likeliest tag at each position";
        return ([head.Output.Name], $"'{head.Output.Name}' ({how}), named by '{Path.GetFileName(head.Symbols.Path)}'");
    }

    /// <inheritdoc/>
    public override TaskAnswer Answer(TaskSubject subject) => new MarginAnswer("position", ClassifierOutput.BeforeSoftmax(subject.Index, Head(subject).Output.Name), 1);

    /// <inheritdoc/>
    public override LabelledMeter Measure(TaskSubject subject, ItemSet items) => Head(subject) is { Alphabet: { } alphabet } head ? new Texts(head, alphabet, items) : new Tags(Head(subject), items);

    /// <inheritdoc/>
    public override AgreementMeter Agree(TaskSubject subject, ItemSet items) => new Agreement(Head(subject), items.Count);

    static SequenceHead Head(TaskSubject subject) =>
        SequenceHead.Find(subject, out var why) ?? throw new OnnxEngineException(ErrorKind.Model, $"The model cannot be measured as sequence: it {why}.");

    static T Labelled<T>(ItemSet items, int item, string what) where T : ItemTarget =>
        items.Target(item) as T ?? throw new OnnxEngineException(ErrorKind.Data, $"Item {item} is not labelled with {what}, which the model returns.");

    sealed class Texts(SequenceHead head, CtcAlphabet alphabet, ItemSet items) : LabelledMeter
    {
        readonly TextErrors _errors = new(items.Count);

        public override void Add(int item, IReadOnlyList<ItemOutput> outputs) =>
            _errors.Add(item, Labelled<TextTarget>(items, item, "a string").Text, alphabet.Text(alphabet.Collapsed(head.Path(item, outputs[0]))));

        public override IReadOnlyList<MetricValue> Complete() => _errors.Metrics();
    }

    sealed class Tags(SequenceHead head, ItemSet items) : LabelledMeter
    {
        readonly TagErrors _errors = new(items.Count);

        public override void Add(int item, IReadOnlyList<ItemOutput> outputs)
        {
            var (target, path) = (Labelled<TagsTarget>(items, item, "tags"), head.Path(item, outputs[0]));
            var places = target.Positions ?? [.. Enumerable.Range(0, target.Tags.Count)];
            if (places.Count != target.Tags.Count || places.Any(place => place >= path.Length))
                throw new OnnxEngineException(ErrorKind.Data, $"Item {item} has {target.Tags.Count} tagged words, which do not fit the {path.Length} positions of '{head.Output.Name}'.");
            if (target.Tags.FirstOrDefault(tag => !head.Symbols.Names.Contains(tag)) is { } unknown)
                throw new OnnxEngineException(ErrorKind.Data, $"Item {item} has the tag '{unknown}', which '{head.Symbols.Path}' does not name; it names {string.Join(", ", head.Symbols.Names)}.");
            int[] seen = [.. Enumerable.Range(0, places.Count).Where(word => places[word] >= 0)];
            _errors.Add(item, [.. seen.Select(word => target.Tags[word])], [.. seen.Select(word => head.Symbols.Names[path[places[word]]])]);
        }

        public override IReadOnlyList<MetricValue> Complete() => _errors.Metrics();
    }

    sealed class Agreement(SequenceHead head, int items) : AgreementMeter
    {
        readonly SequenceAgreement _agreement = new(items);

        public override void Add(int item, IReadOnlyList<ItemOutput> original, IReadOnlyList<ItemOutput> edited) => _agreement.Add(item, Read(item, original[0]), Read(item, edited[0]));

        public override IReadOnlyList<MetricValue> Complete() => _agreement.Metrics();

        int[] Read(int item, ItemOutput output) => head.Path(item, output) is var path && head.Alphabet is { } alphabet ? alphabet.Collapsed(path)
            : path[..Math.Min(path.Length, output.Mask?.Count(isReal => isReal) ?? path.Length)];
    }
}
