using System.Globalization;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Text;

/// <summary>Writes texts as the token ids that a model was trained on. Safe to use from several threads.</summary>
sealed class TextTokenizer
{
    readonly AddedTokens _raw;
    readonly AddedTokens _normalised;

    /// <param name="added">Tokens that stand in texts as themselves.</param>
    /// <param name="addedNormalised">Those that are looked for in the normalised text.</param>
    internal TextTokenizer(IEnumerable<AddedToken> added, IEnumerable<AddedToken> addedNormalised) => (_raw, _normalised) = (new(added), new(addedNormalised));

    /// <summary>What it is, for the reader, e.g. "WordPiece, 30,522 tokens, lower case, from vocab.txt".</summary>
    public required string Said { get; init; }

    /// <summary>The largest id, plus 1: how many rows a model's table of embeddings must have.</summary>
    public required int Size { get; init; }

    /// <summary>The id that fills items up.</summary>
    public required int Padding { get; init; }

    internal required Func<string, string> Normalise { get; init; }

    internal required TokenModel Model { get; init; }

    internal required TokenTemplate Template { get; init; }

    /// <summary>Reads a vocab.txt (WordPiece) or a tokenizer.json (WordPiece, byte-level BPE).</summary>
    /// <exception cref="OnnxEngineException">It cannot be read, or is of a kind that is not supported (<see cref="ErrorKind.Data"/>).</exception>
    public static TextTokenizer Open(string path) => Path.GetExtension(path).Equals(".json", StringComparison.OrdinalIgnoreCase) ? TokenizerJson.Read(path) : VocabularyFile.Read(path);

    /// <summary>
    /// The tokenizer that lies beside a model: tokenizer.json, vocab.txt, or the only file with vocab in its name; of a model in a folder onnx
    /// also beside that folder, where Hugging Face has it. Null: none.
    /// </summary>
    public static string? Beside(string modelPath)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(modelPath))!;
        return In(folder) ?? (Path.GetFileName(folder) == "onnx" ? In(Path.GetDirectoryName(folder)!) : null);
    }

    static string? In(string folder)
    {
        if (!Directory.Exists(folder)) return null;
        foreach (var name in (string[])["tokenizer.json", "vocab.txt"])
            if (File.Exists(Path.Combine(folder, name))) return Path.Combine(folder, name);
        return Directory.GetFiles(folder, "*vocab*.txt") is [var only] ? only : null;
    }

    /// <summary>Token ids and token types of a text or of two, with the tokens around them, cut to at most <paramref name="limit"/>; of two texts the longer is cut.</summary>
    /// <param name="first">The text.</param>
    /// <param name="second">The second text; null: there is none.</param>
    /// <param name="limit">The most tokens that the model takes.</param>
    /// <param name="isCut">Whether tokens were left out.</param>
    /// <exception cref="OnnxEngineException">The limit leaves no room for the tokens around the text (<see cref="ErrorKind.Usage"/>).</exception>
    public (int[] Ids, int[] Types) Encode(string first, string? second, int limit, out bool isCut) =>
        Template.Fill(Tokens(first), second is null ? null : Tokens(second), limit, out isCut);

    /// <summary>Where the first token of each word of a text stands, in what <see cref="Encode"/> makes of the text alone; -1: the word is cut off, or has no token.</summary>
    /// <param name="text">The text, blanks between its words.</param>
    /// <param name="limit">The most tokens that the model takes.</param>
    /// <exception cref="OnnxEngineException">Words make other tokens by themselves than in the text (<see cref="ErrorKind.Data"/>).</exception>
    public IReadOnlyList<int> Places(string text, int limit)
    {
        var next = Template.Single.TakeWhile(part => part.Text is null).Count();
        var end = limit - Template.Single.Count(part => part.Text is null) + next;
        // A blank before a word is part of its first token in byte-level vocabularies.
        int[] counts = [.. text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select((word, at) => Tokens(at == 0 ? word : $" {word}").Count)];
        if (counts.Sum() != Tokens(text).Count)
            throw new OnnxEngineException(ErrorKind.Data, $"The words of '{text}' make other tokens by themselves than together, so that its tags have no places; write one blank between words.");
        var places = new int[counts.Length];
        for (var word = 0; word < counts.Length; next += counts[word++]) places[word] = counts[word] > 0 && next < end ? next : -1;
        return places;
    }

    List<int> Tokens(string text)
    {
        List<int> ids = [];
        foreach (var (part, id) in _raw.Split(text))
        {
            if (id >= 0)
            {
                ids.Add(id);
                continue;
            }
            foreach (var (piece, added) in _normalised.Split(Normalise(part)))
            {
                if (added >= 0) ids.Add(added);
                else Model.Append(piece, ids);
            }
        }
        return ids;
    }

    internal static string Describe(TokenModel model, int count, string more, string path) =>
        string.Create(CultureInfo.InvariantCulture, $"{model.Name}, {count:N0} tokens{more}, from {Path.GetFileName(path)}");
}
