using OnnxEdit.Engine.Data.Targets;

namespace OnnxEdit.Engine.Data.Text;

/// <summary>Texts as the inputs of a model take them: token ids, and by the inputs' names the mask, types and positions.</summary>
sealed class TextItemSet : ItemSet
{
    readonly IReadOnlyList<EncodedText> _texts;
    readonly TokenLength _length;

    /// <param name="texts">The texts.</param>
    /// <param name="inputs">The model's inputs.</param>
    /// <param name="length">What they are filled up to.</param>
    /// <param name="padding">Token id of padding.</param>
    /// <param name="together">Texts that stay together: 2 of scored pairs.</param>
    public TextItemSet(IReadOnlyList<EncodedText> texts, IReadOnlyList<ModelInput> inputs, TokenLength length, int padding, int together)
    {
        (_texts, _length, Together) = (texts, length, together);
        Parts = [.. inputs.Select(input => (ItemSet)new Part(this, input.Name, padding))];
    }

    public override int Count => _texts.Count;

    public override IReadOnlyList<int> ItemShape => [Parts.Count * _length.Value];

    internal override IReadOnlyList<ItemSet> Parts { get; }

    internal override int Together { get; }

    public override int Label(int index) => _texts[index].Label;

    internal override ItemTarget? Target(int index) => _texts[index].Target;

    public override void Fill(int start, int count, Span<float> destination)
    {
        CheckRange(start, count, destination);
        for (var index = start; index < start + count; index++)
            foreach (var part in Parts)
            {
                part.Fill(index, 1, destination);
                destination = destination[_length.Value..];
            }
    }

    // What one input gets.
    sealed class Part(TextItemSet whole, string name, int padding) : ItemSet
    {
        public override int Count => whole.Count;

        public override IReadOnlyList<int> ItemShape => [whole._length.Value];

        public override int Label(int index) => whole.Label(index);

        public override void Fill(int start, int count, Span<float> destination)
        {
            CheckRange(start, count, destination);
            var length = whole._length.Value;
            for (var index = 0; index < count; index++)
            {
                var text = whole._texts[start + index];
                for (var at = 0; at < length; at++) destination[index * length + at] = Value(text, at);
            }
        }

        float Value(EncodedText text, int at) =>
            TokenInputs.IsPositions(name) ? at
            : TokenInputs.IsIds(name) ? at < text.Ids.Length ? text.Ids[at] : padding
            : at >= text.Ids.Length ? 0
            : TokenInputs.IsTypes(name) ? text.Types[at] : 1;
    }
}

/// <summary>One text, or two that belong together, as token ids.</summary>
/// <param name="Ids">The ids with those of special tokens.</param>
/// <param name="Types">0 for the first text, 1 for the second, as long as the ids.</param>
/// <param name="Label">The class in the data's own numbering, or -1.</param>
/// <param name="Target">What else the data says of it, or null.</param>
sealed record EncodedText(int[] Ids, int[] Types, int Label, ItemTarget? Target);
