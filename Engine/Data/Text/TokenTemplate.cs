using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Text;

/// <summary>One place of a <see cref="TokenTemplate"/>.</summary>
/// <param name="Text">0 or 1: here stand the tokens of the first or second text; null: here stands <paramref name="Id"/>.</param>
/// <param name="Id">Id of a token that always stands here.</param>
/// <param name="Type">Token type of what stands here.</param>
readonly record struct TemplatePart(int? Text, int Id, int Type)
{
    /// <summary>The tokens of a text.</summary>
    public static TemplatePart Of(int text, int type) => new(text, -1, type);

    /// <summary>A token that is always there.</summary>
    public static TemplatePart Token(int id, int type) => new(null, id, type);
}

/// <summary>Where texts and the tokens around them stand, e.g. [CLS] first [SEP] second [SEP].</summary>
/// <param name="Single">For one text.</param>
/// <param name="Pair">For two.</param>
sealed record TokenTemplate(IReadOnlyList<TemplatePart> Single, IReadOnlyList<TemplatePart> Pair)
{
    /// <summary>BERT's: [CLS] first [SEP] second [SEP], types 0 and 1.</summary>
    public static TokenTemplate Bert(int start, int separator) => new(
        [TemplatePart.Token(start, 0), TemplatePart.Of(0, 0), TemplatePart.Token(separator, 0)],
        [TemplatePart.Token(start, 0), TemplatePart.Of(0, 0), TemplatePart.Token(separator, 0), TemplatePart.Of(1, 1), TemplatePart.Token(separator, 1)]);

    /// <summary>RoBERTa's: two separators between texts, and one type.</summary>
    public static TokenTemplate Roberta(int start, int separator) => new(
        [TemplatePart.Token(start, 0), TemplatePart.Of(0, 0), TemplatePart.Token(separator, 0)],
        [TemplatePart.Token(start, 0), TemplatePart.Of(0, 0), TemplatePart.Token(separator, 0), TemplatePart.Token(separator, 0), TemplatePart.Of(1, 0), TemplatePart.Token(separator, 0)]);

    /// <summary>No tokens but those of the texts.</summary>
    public static TokenTemplate Plain { get; } = new([TemplatePart.Of(0, 0)], [TemplatePart.Of(0, 0), TemplatePart.Of(1, 1)]);

    /// <summary>Puts tokens in their places, and cuts texts at their ends so that there are at most <paramref name="limit"/> tokens; of two texts the longer.</summary>
    /// <param name="first">Tokens of the first text.</param>
    /// <param name="second">Of the second; null: there is one.</param>
    /// <param name="limit">The most tokens, those around the texts among them.</param>
    /// <param name="isCut">Whether a text was cut.</param>
    /// <exception cref="OnnxEngineException">The tokens around the texts alone are more (<see cref="ErrorKind.Usage"/>).</exception>
    public (int[] Ids, int[] Types) Fill(List<int> first, List<int>? second, int limit, out bool isCut)
    {
        var parts = second is null ? Single : Pair;
        var room = limit - parts.Count(part => part.Text is null);
        if (room < 0) throw new OnnxEngineException(ErrorKind.Usage, $"{limit} tokens are too few: {limit - room} of each item stand around its text.");
        var (kept, keptSecond) = Cut(first.Count, second?.Count ?? 0, room);
        isCut = kept + keptSecond < first.Count + (second?.Count ?? 0);
        var (ids, types) = (new List<int>(), new List<int>());
        foreach (var part in parts)
        {
            IEnumerable<int> tokens = part.Text switch { 0 => first.Take(kept), 1 => second!.Take(keptSecond), _ => [part.Id] };
            ids.AddRange(tokens);
            types.AddRange(Enumerable.Repeat(part.Type, ids.Count - types.Count));
        }
        return ([.. ids], [.. types]);
    }

    // The longer one is cut first; where both are cut, the one that was longer keeps the odd token.
    static (int First, int Second) Cut(int first, int second, int room)
    {
        if (first + second <= room) return (first, second);
        var (shorter, longer) = (Math.Min(first, second), room - Math.Min(first, second));
        if (longer < shorter) (shorter, longer) = (room / 2, room - room / 2);
        return first > second ? (longer, shorter) : (shorter, longer);
    }
}
