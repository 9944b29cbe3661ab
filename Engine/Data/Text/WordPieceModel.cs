using System.Globalization;
using System.Text;
using Microsoft.ML.Tokenizers;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Text;

/// <summary>
/// Words and punctuation marks, each written with the longest pieces that a vocabulary has. Only that last step is the library's:
/// its BERT tokenizer drops symbols ($, +), joins what a tab parts, and strips no accents without ICU.
/// </summary>
sealed class WordPieceModel : TokenModel
{
    // The library keeps room for a word on the stack.
    const int LongestOfAll = 1000;

    readonly WordPieceTokenizer _pieces;
    readonly int _longest;
    readonly int _unknown;

    /// <param name="vocabulary">Ids by token.</param>
    /// <param name="unknown">The token of words that cannot be written.</param>
    /// <param name="continuing">What pieces begin with that are not the first of their word.</param>
    /// <param name="longest">Words of more characters are unknown.</param>
    /// <param name="path">The file that it comes from, for messages.</param>
    /// <exception cref="OnnxEngineException">There is no unknown token, or words may be longer than any are (<see cref="ErrorKind.Data"/>).</exception>
    public WordPieceModel(IReadOnlyDictionary<string, int> vocabulary, string unknown, string continuing, int longest, string path)
    {
        _unknown = vocabulary.TryGetValue(unknown, out var id)
            ? id : throw new OnnxEngineException(ErrorKind.Data, $"'{path}' has no token {unknown} for unknown words; a WordPiece vocabulary needs one.");
        _longest = longest is > 0 and <= LongestOfAll
            ? longest : throw new OnnxEngineException(ErrorKind.Data, $"'{path}' allows words of {longest} characters (max_input_chars_per_word); 1 to {LongestOfAll} are supported, and 100 are usual.");
        _pieces = WordPieceTokenizer.Create(Lines(vocabulary), new WordPieceOptions
        {
            UnknownToken = unknown,
            ContinuingSubwordPrefix = continuing,
            // It counts UTF-16 units, of which a character has one or two.
            MaxInputCharsPerWord = 2 * longest,
        });
    }

    public override string Name => "WordPiece";

    public override void Append(string text, List<int> ids)
    {
        foreach (var word in Words(text))
        {
            if (word.EnumerateRunes().Count() > _longest) ids.Add(_unknown);
            else ids.AddRange(_pieces.EncodeToIds(word, considerPreTokenization: false, considerNormalization: false));
        }
    }

    /// <summary>The words of a text and its punctuation marks, one by one.</summary>
    static IEnumerable<string> Words(string text)
    {
        var word = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            var isMark = IsPunctuation(rune);
            if (!isMark && !Rune.IsWhiteSpace(rune))
            {
                word.Append(rune);
                continue;
            }
            if (word.Length > 0) yield return word.ToString();
            word.Clear();
            if (isMark) yield return rune.ToString();
        }
        if (word.Length > 0) yield return word.ToString();
    }

    // ASCII's symbols are marks, too; those of the rest of Unicode are not.
    static bool IsPunctuation(Rune rune) => rune.IsAscii ? Rune.IsPunctuation(rune) || Rune.IsSymbol(rune) : Rune.IsPunctuation(rune);

    // The library reads lines, and a token's id is its line. What no word can be fills ids that no token has.
    static MemoryStream Lines(IReadOnlyDictionary<string, int> vocabulary)
    {
        var lines = Enumerable.Range(0, vocabulary.Values.Max() + 1).Select(id => string.Create(CultureInfo.InvariantCulture, $"no token {id}")).ToArray();
        foreach (var (token, id) in vocabulary)
            if (!token.Any(char.IsWhiteSpace) && token.Length > 0) lines[id] = token;
        return new MemoryStream(Encoding.UTF8.GetBytes(string.Join('\n', lines)));
    }
}
