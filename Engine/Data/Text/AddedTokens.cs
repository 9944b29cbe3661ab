using System.Buffers;
using System.Globalization;
using System.Text;

namespace OnnxEdit.Engine.Data.Text;

/// <summary>A token that stands in a text as itself, e.g. [MASK].</summary>
/// <param name="Content">Its text.</param>
/// <param name="Id">Its id.</param>
/// <param name="IsSingleWord">It counts only where no word goes on before or after it.</param>
/// <param name="TakesLeft">White space before it belongs to it.</param>
/// <param name="TakesRight">White space after it belongs to it.</param>
sealed record AddedToken(string Content, int Id, bool IsSingleWord = false, bool TakesLeft = false, bool TakesRight = false);

/// <summary>Finds tokens that stand in a text as themselves.</summary>
sealed class AddedTokens
{
    readonly ILookup<char, AddedToken> _tokens;

    /// <param name="tokens">The tokens; an empty one is never found.</param>
    public AddedTokens(IEnumerable<AddedToken> tokens) =>
        _tokens = tokens.Where(token => token.Content.Length > 0).OrderByDescending(token => token.Content.Length).ToLookup(token => token.Content[0]);

    /// <summary>The parts of a text in turn: those between the tokens have the id -1. Of several tokens that begin at one place the longest is found.</summary>
    public IEnumerable<(string Text, int Id)> Split(string text)
    {
        var start = 0;
        for (var at = 0; at < text.Length;)
        {
            var token = _tokens[text[at]].FirstOrDefault(token => string.CompareOrdinal(text, at, token.Content, 0, token.Content.Length) == 0);
            if (token is null)
            {
                at++;
                continue;
            }
            var (from, to) = (at, at + token.Content.Length);
            at = to;
            if (token.IsSingleWord && (EndsWord(text.AsSpan(0, from)) || BeginsWord(text.AsSpan(to)))) continue;
            while (token.TakesLeft && from > start && char.IsWhiteSpace(text[from - 1])) from--;
            while (token.TakesRight && to < text.Length && char.IsWhiteSpace(text[to])) to++;
            if (from > start) yield return (text[start..from], -1);
            yield return (token.Content, token.Id);
            start = at = to;
        }
        if (start < text.Length) yield return (text[start..], -1);
    }

    static bool BeginsWord(ReadOnlySpan<char> text) => Rune.DecodeFromUtf16(text, out var rune, out _) == OperationStatus.Done && IsWord(rune);

    static bool EndsWord(ReadOnlySpan<char> text) => Rune.DecodeLastFromUtf16(text, out var rune, out _) == OperationStatus.Done && IsWord(rune);

    static bool IsWord(Rune rune) => Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.LetterNumber or UnicodeCategory.NonSpacingMark
        or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark or UnicodeCategory.ConnectorPunctuation;
}
