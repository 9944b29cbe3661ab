using System.Text.Json;
using OnnxEdit.Engine.Data.Sources;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Text;

/// <summary>Reads Hugging Face's tokenizer.json: WordPiece and byte-level BPE, with their normalisers, added tokens and templates.</summary>
sealed class TokenizerJson
{
    // More than any vocabulary has; ids are rows of a table.
    const int MostIds = 10_000_000;

    readonly string _path;
    readonly JsonElement _root;
    readonly JsonElement _model;
    readonly Dictionary<string, int> _vocabulary = new(StringComparer.Ordinal);
    readonly Dictionary<string, int> _all;

    TokenizerJson(string path, JsonElement root)
    {
        (_path, _root) = (path, root);
        _model = root.Field("model") ?? throw Unreadable("it has no model");
        foreach (var token in (_model.Field("vocab") is { ValueKind: JsonValueKind.Object } vocabulary ? vocabulary : throw Refuse("model", Type(_model))).EnumerateObject())
            _vocabulary[token.Name] = Id(token.Value);
        _all = new(_vocabulary, StringComparer.Ordinal);
        // What is in the vocabulary already keeps its id there, as for Hugging Face.
        foreach (var token in root.List("added_tokens")) _all.TryAdd(token.Word("content")!, Id(token.GetProperty("id")));
    }

    /// <exception cref="OnnxEngineException">It cannot be read, lacks a token that it needs, or is of a kind that is not supported (<see cref="ErrorKind.Data"/>).</exception>
    internal static TextTokenizer Read(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(DataFiles.ReadAll(path));
            return new TokenizerJson(path, document.RootElement).Read();
        }
        catch (Exception inner) when (inner is JsonException or InvalidOperationException or FormatException or KeyNotFoundException or IndexOutOfRangeException)
        {
            throw new OnnxEngineException(ErrorKind.Data, $"'{path}' is not a readable tokenizer.json: {inner.Message}", inner);
        }
    }

    TextTokenizer Read()
    {
        var (normalise, said) = JsonNormaliser.Read(_root.Field("normalizer"), type => Refuse("normalizer", type));
        var type = Type(_model);
        TokenModel model = type switch { "WordPiece" => WordPiece(), "BPE" => Bpe(), _ => throw Refuse("model", type) };
        if (_root.Field("truncation")?.Word("direction") is "Left") throw Refuse("truncation", "at the left");
        var template = JsonTemplate.Read(_root.Field("post_processor"), processor => Refuse("post_processor", processor));
        var size = _all.Values.Max() + 1;
        var ids = _all.Values.ToHashSet();
        if (template.Single.Concat(template.Pair).FirstOrDefault(part => part.Text is null && !ids.Contains(part.Id)) is { Text: null } missing && !ids.Contains(missing.Id))
            throw new OnnxEngineException(ErrorKind.Data, $"'{_path}' puts the token {missing.Id} around texts, which its vocabulary does not have; take the file from where the model comes from.");
        var padding = Padding();
        if (padding is null && model is WordPieceModel)
            throw new OnnxEngineException(ErrorKind.Data, $"'{_path}' names no padding token and has no [PAD]; take the file from where the model comes from.");
        var added = _root.List("added_tokens").ToLookup(token => token.Flag("normalized") ?? false);
        return new TextTokenizer(added[false].Select(token => Added(token, text => text)), added[true].Select(token => Added(token, normalise)))
        {
            Said = TextTokenizer.Describe(model, _all.Count, said + (padding is null ? ", padded with token 0 for want of a padding token" : ""), _path),
            Size = size,
            Padding = padding ?? 0,
            Normalise = normalise,
            Model = model,
            Template = template,
        };
    }

    WordPieceModel WordPiece()
    {
        if (_root.Field("pre_tokenizer")?.Word("type") is var splitter && splitter != "BertPreTokenizer") throw Refuse("pre_tokenizer", splitter ?? "none");
        return new WordPieceModel(_vocabulary, _model.Word("unk_token") ?? "[UNK]", _model.Word("continuing_subword_prefix") ?? "##",
            _model.Field("max_input_chars_per_word")?.GetInt32() ?? 100, _path);
    }

    ByteLevelModel Bpe()
    {
        var splitter = _root.Field("pre_tokenizer") ?? throw Refuse("pre_tokenizer", "none");
        if (splitter.Word("type") != "ByteLevel") throw Refuse("pre_tokenizer", splitter.Word("type") ?? "none");
        if (splitter.Flag("use_regex") == false) throw Refuse("pre_tokenizer", "ByteLevel without words (use_regex)");
        foreach (var name in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
            if (_model.Word(name) is { Length: > 0 } affix) throw Refuse("model", $"BPE with {name} '{affix}'");
        foreach (var name in (string[])["byte_fallback", "ignore_merges"])
            if (_model.Flag(name) == true) throw Refuse("model", $"BPE with {name}");
        if (ByteLevelModel.Bytes.Index().FirstOrDefault(entry => !_vocabulary.ContainsKey(entry.Item.ToString())) is { Item: not '\0' } missing)
            throw new OnnxEngineException(ErrorKind.Data, $"'{_path}' is no byte-level BPE: its vocabulary has no token '{missing.Item}' for the byte 0x{missing.Index:X2}.");
        return new ByteLevelModel(_vocabulary, [.. _model.List("merges").Select(Merge)], splitter.Flag("add_prefix_space") ?? true);
    }

    // "a b" in older files, ["a", "b"] in newer ones.
    string Merge(JsonElement merge)
    {
        var text = merge.ValueKind == JsonValueKind.Array ? $"{merge[0].GetString()} {merge[1].GetString()}" : merge.GetString()!;
        var parts = text.Split(' ');
        return parts.Length == 2 && _vocabulary.ContainsKey(parts[0]) && _vocabulary.ContainsKey(parts[1]) && _vocabulary.ContainsKey(parts[0] + parts[1])
            ? text : throw new OnnxEngineException(ErrorKind.Data, $"'{_path}' merges '{text}', which its vocabulary does not have; take the file from where the model comes from.");
    }

    int? Padding()
    {
        if (_root.Field("padding")?.Field("pad_id") is { } id) return Id(id);
        var config = Path.Combine(DataFiles.Folder(_path), "tokenizer_config.json");
        string?[] names = [File.Exists(config) ? PaddingToken(config) : null, "[PAD]", "<pad>"];
        return names.Select(name => name is not null && _all.TryGetValue(name, out var found) ? (int?)found : null).FirstOrDefault(found => found is not null);
    }

    static string? PaddingToken(string path)
    {
        using var document = JsonDocument.Parse(DataFiles.ReadAll(path));
        return document.RootElement.Field("pad_token") is { } token ? token.ValueKind == JsonValueKind.String ? token.GetString() : token.Word("content") : null;
    }

    AddedToken Added(JsonElement token, Func<string, string> normalise) => new(
        normalise(token.Word("content")!), _all[token.Word("content")!], token.Flag("single_word") ?? false, token.Flag("lstrip") ?? false, token.Flag("rstrip") ?? false);

    // Files of the first years name no type.
    static string Type(JsonElement model) => model.Word("type") ?? (model.Field("merges") is not null ? "BPE" : model.Field("max_input_chars_per_word") is not null ? "WordPiece" : "none");

    int Id(JsonElement value) => value.GetInt32() is >= 0 and < MostIds and var id ? id : throw Unreadable($"it has the token id {value.GetInt32()}");

    OnnxEngineException Unreadable(string why) => new(ErrorKind.Data, $"'{_path}' is not a readable tokenizer.json: {why}.");

    OnnxEngineException Refuse(string part, string type) => new(ErrorKind.Data,
        $"'{_path}' has the {part} {type}, which is not supported (WordPiece and byte-level BPE are); give token ids in an .npz file with one array per input instead.");
}
