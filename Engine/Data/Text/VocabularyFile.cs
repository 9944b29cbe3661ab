using System.Text.Json;
using OnnxEdit.Engine.Data.Sources;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Text;

/// <summary>Reads BERT's vocab.txt: a token a line, its id is its line counted from 0.</summary>
static class VocabularyFile
{
    const string Unknown = "[UNK]", Start = "[CLS]", Separator = "[SEP]", Pad = "[PAD]", Mask = "[MASK]";

    // Words of more characters are unknown in every BERT.
    const int LongestWord = 100;

    // A vocabulary of lower-case text may hold a capital by mistake; one of text as it is written has them in a quarter of its words.
    const double FewCapitals = 0.005;

    /// <exception cref="OnnxEngineException">It cannot be read or lacks a token that it needs (<see cref="ErrorKind.Data"/>).</exception>
    internal static TextTokenizer Read(string path)
    {
        // Of a token that stands there twice the last one counts, as for Hugging Face.
        Dictionary<string, int> vocabulary = [];
        var lines = Utf8File.Read(path).Split('\n');
        var count = lines[^1].Length == 0 ? lines.Length - 1 : lines.Length;
        for (var id = 0; id < count; id++) vocabulary[lines[id].TrimEnd('\r')] = id;
        var missing = ((string[])[Unknown, Start, Separator, Pad]).Where(token => !vocabulary.ContainsKey(token)).ToArray();
        if (missing.Length > 0)
            throw new OnnxEngineException(ErrorKind.Data, $"'{path}' is no BERT vocabulary: it has no line {string.Join(", ", missing)}; give a vocab.txt with a token a line, or a tokenizer.json.");

        var settings = Settings(Path.Combine(DataFiles.Folder(path), "tokenizer_config.json"));
        var isLower = settings.GetValueOrDefault("do_lower_case") ?? !HasCapitals(vocabulary.Keys);
        var why = settings.ContainsKey("do_lower_case") ? "as tokenizer_config.json says" : isLower ? "its words have no capitals" : "its words have capitals";
        var model = new WordPieceModel(vocabulary, Unknown, "##", LongestWord, path);
        return new TextTokenizer(((string[])[Unknown, Start, Separator, Pad, Mask]).Where(vocabulary.ContainsKey).Select(token => new AddedToken(token, vocabulary[token])), [])
        {
            Said = TextTokenizer.Describe(model, vocabulary.Count, $", {(isLower ? "lower case" : "upper and lower case")} ({why})", path),
            Size = count,
            Padding = vocabulary[Pad],
            Normalise = Normalisers.Bert(cleans: true, settings.GetValueOrDefault("tokenize_chinese_chars") ?? true, settings.GetValueOrDefault("strip_accents") ?? isLower, isLower),
            Model = model,
            Template = TokenTemplate.Bert(vocabulary[Start], vocabulary[Separator]),
        };
    }

    static bool HasCapitals(IReadOnlyCollection<string> tokens) => tokens.Count(token => token is not ['[', .., ']'] && token.Any(char.IsUpper)) > FewCapitals * tokens.Count;

    /// <summary>What tokenizer_config.json answers with yes or no; nothing where there is no such file.</summary>
    static Dictionary<string, bool?> Settings(string path)
    {
        if (!File.Exists(path)) return [];
        try
        {
            using var document = JsonDocument.Parse(DataFiles.ReadAll(path));
            return document.RootElement.EnumerateObject().Where(entry => entry.Value.ValueKind is JsonValueKind.True or JsonValueKind.False)
                .ToDictionary(entry => entry.Name, entry => (bool?)entry.Value.GetBoolean());
        }
        catch (Exception inner) when (inner is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new OnnxEngineException(ErrorKind.Data, $"'{path}' is not readable JSON: {inner.Message}", inner);
        }
    }
}
