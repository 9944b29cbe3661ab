using System.Text;
using Microsoft.ML.Tokenizers;

namespace OnnxEdit.Engine.Data.Text;

/// <summary>Byte-level BPE as GPT-2 and RoBERTa have it: words with the blank before them, whose bytes are merged pair by pair.</summary>
sealed class ByteLevelModel : TokenModel
{
    static readonly string[] _contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

    readonly BpeTokenizer _bytes;
    readonly bool _addsBlank;

    /// <param name="vocabulary">Ids by token, each byte as GPT-2 writes it; all 256 are there.</param>
    /// <param name="merges">Pairs that are merged, the first ones first, as "a b".</param>
    /// <param name="addsBlank">Puts a blank before a text that does not begin with one.</param>
    public ByteLevelModel(IReadOnlyDictionary<string, int> vocabulary, IReadOnlyList<string> merges, bool addsBlank)
    {
        _bytes = BpeTokenizer.Create(new BpeOptions(vocabulary) { Merges = merges, ByteLevel = true });
        _addsBlank = addsBlank;
    }

    public override string Name => "byte-level BPE";

    /// <summary>How GPT-2 writes bytes: printable ones as themselves, the others as characters from U+0100 on.</summary>
    public static IReadOnlyList<char> Bytes { get; } = Written();

    public override void Append(string text, List<int> ids)
    {
        if (_addsBlank && text[0] != ' ') text = " " + text;
        for (var start = 0; start < text.Length;)
        {
            var end = End(text, start);
            ids.AddRange(_bytes.EncodeToIds(text[start..end], considerPreTokenization: false, considerNormalization: false));
            start = end;
        }
    }

    // GPT-2's 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ on whole characters: .NET's own sees halves of those
    // beyond U+FFFF, which are no letters.
    static int End(string text, int start)
    {
        foreach (var contraction in _contractions)
            if (string.CompareOrdinal(text, start, contraction, 0, contraction.Length) == 0) return start + contraction.Length;
        var first = text[start] == ' ' && start + 1 < text.Length ? start + 1 : start;
        var kind = Kind(text, first, out var length);
        if (kind != CharacterKind.Blank)
        {
            var end = first + length;
            while (end < text.Length && Kind(text, end, out length) == kind) end += length;
            return end;
        }
        // White space up to the last of it, which goes with the word that follows.
        var after = start;
        while (after < text.Length && Kind(text, after, out _) == CharacterKind.Blank) after++;
        return after == text.Length || after == start + 1 ? after : after - 1;
    }

    static CharacterKind Kind(string text, int at, out int length)
    {
        // Half a character alone is written as U+FFFD.
        var rune = Rune.TryGetRuneAt(text, at, out var whole) ? whole : Rune.ReplacementChar;
        length = char.IsHighSurrogate(text[at]) && rune != Rune.ReplacementChar ? 2 : 1;
        return Rune.IsLetter(rune) ? CharacterKind.Letter : Rune.IsNumber(rune) ? CharacterKind.Number : Rune.IsWhiteSpace(rune) ? CharacterKind.Blank : CharacterKind.Other;
    }

    static char[] Written()
    {
        var next = 256;
        return [.. Enumerable.Range(0, 256).Select(value => (char)(value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? value : next++))];
    }

    enum CharacterKind
    {
        Letter,
        Number,
        Blank,
        Other,
    }
}
