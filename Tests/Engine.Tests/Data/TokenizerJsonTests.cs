using System.Text.Json.Nodes;
using OnnxEdit.Engine.Data.Text;
using OnnxEdit.Surgery;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class TokenizerJsonTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    TextTokenizer Open(JsonNode json) => TextTokenizer.Open(_folder.WriteText("tokenizer.json", json.ToJsonString()));

    string Refused(JsonNode json)
    {
        var error = Assert.Throws<OnnxEngineException>(() => Open(json));
        Assert.Equal(ErrorKind.Data, error.Kind);
        return error.Message.Replace(_folder.Path + Path.DirectorySeparatorChar, "", StringComparison.Ordinal);
    }

    static int[] Ids(TextTokenizer tokenizer, string text) => tokenizer.Encode(text, null, 1000, out _).Ids;

    static JsonObject Added(int id, string content, bool normalized = false, bool left = false, bool right = false, bool word = false) => new()
    {
        ["id"] = id,
        ["content"] = content,
        ["single_word"] = word,
        ["lstrip"] = left,
        ["rstrip"] = right,
        ["normalized"] = normalized,
        ["special"] = !normalized,
    };

    /// <summary>A byte's id is the byte; then follow he ll hell hello Ġw Ġwo rl é.</summary>
    static JsonObject Bytes(bool addsBlank = false)
    {
        // GPT-2's alphabet, from its definition: what is printable is itself, the rest is counted from U+0100 on.
        var vocabulary = new JsonObject();
        var next = 0x100;
        for (var value = 0; value < 256; value++)
            vocabulary[((char)(value is > 32 and < 127 or > 160 and < 173 or > 173 ? value : next++)).ToString()] = value;
        string[] merges = ["h e", "l l", "he ll", "hell o", "Ġ w", "Ġw o", "r l", "Ã ©"];
        foreach (var (rank, merge) in merges.Index()) vocabulary[merge.Replace(" ", "", StringComparison.Ordinal)] = 256 + rank;
        return new JsonObject
        {
            ["added_tokens"] = new JsonArray(Added(264, "<s>"), Added(265, "</s>"), Added(266, "<pad>"), Added(267, "<mask>", left: true)),
            ["normalizer"] = null,
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = addsBlank, ["trim_offsets"] = true },
            ["post_processor"] = new JsonObject { ["type"] = "RobertaProcessing", ["sep"] = new JsonArray("</s>", 265), ["cls"] = new JsonArray("<s>", 264) },
            ["model"] = new JsonObject { ["type"] = "BPE", ["unk_token"] = null, ["vocab"] = vocabulary, ["merges"] = new JsonArray([.. merges.Select(merge => JsonValue.Create(merge))]) },
        };
    }

    static JsonObject Pieces()
    {
        string[] tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "play", "##ing", "cafe", "café", "The", "."];
        var vocabulary = new JsonObject();
        foreach (var (id, token) in tokens.Index()) vocabulary[token] = id;
        JsonObject Token(string name, int type) => new() { ["SpecialToken"] = new JsonObject { ["id"] = name, ["type_id"] = type } };
        JsonObject Text(string name, int type) => new() { ["Sequence"] = new JsonObject { ["id"] = name, ["type_id"] = type } };
        JsonObject Special(string name, int id) => new() { ["id"] = name, ["ids"] = new JsonArray(id), ["tokens"] = new JsonArray(name) };
        return new JsonObject
        {
            ["padding"] = new JsonObject { ["pad_id"] = 0, ["pad_token"] = "[PAD]" },
            ["added_tokens"] = new JsonArray([.. tokens.Take(5).Select((token, id) => Added(id, token))]),
            ["normalizer"] = new JsonObject { ["type"] = "BertNormalizer", ["clean_text"] = true, ["handle_chinese_chars"] = true, ["strip_accents"] = null, ["lowercase"] = true },
            ["pre_tokenizer"] = new JsonObject { ["type"] = "BertPreTokenizer" },
            ["post_processor"] = new JsonObject
            {
                ["type"] = "TemplateProcessing",
                ["single"] = new JsonArray(Token("[CLS]", 0), Text("A", 0), Token("[SEP]", 0)),
                ["pair"] = new JsonArray(Token("[CLS]", 0), Text("A", 0), Token("[SEP]", 0), Text("B", 1), Token("[SEP]", 1)),
                ["special_tokens"] = new JsonObject { ["[CLS]"] = Special("[CLS]", 2), ["[SEP]"] = Special("[SEP]", 3) },
            },
            ["model"] = new JsonObject { ["type"] = "WordPiece", ["unk_token"] = "[UNK]", ["continuing_subword_prefix"] = "##", ["max_input_chars_per_word"] = 100, ["vocab"] = vocabulary },
        };
    }

    [Theory]
    [InlineData("hello world", new[] { 259, 261, 262, 100 })]
    [InlineData("hell's HE", new[] { 258, 39, 115, 32, 72, 69 })]
    [InlineData("é€", new[] { 263, 0xE2, 0x82, 0xAC })]
    [InlineData("  hi  ", new[] { 32, 32, 104, 105, 32, 32 })]
    [InlineData("hello12 ?\n", new[] { 259, 49, 50, 32, 63, 10 })]
    [InlineData("r l rl r\u00A0l", new[] { 114, 32, 108, 32, 262, 32, 114, 0xC2, 0xA0, 108 })]
    [InlineData("a <mask> b<mask>", new[] { 97, 267, 32, 98, 267 })]
    [InlineData("𝒜he", new[] { 0xF0, 0x9D, 0x92, 0x9C, 256 })]
    [InlineData("", new int[0])]
    public void Bytes_are_merged_pair_by_pair(string text, int[] ids) => Assert.Equal([264, .. ids, 265], Ids(Open(Bytes()), text));

    [Fact]
    public void Words_of_bytes_have_their_blank_and_their_place()
    {
        Assert.Equal([1, 2], Open(Bytes()).Places("hello world", int.MaxValue));
        // The second blank is a token of no word.
        var error = Assert.Throws<OnnxEngineException>(() => Open(Bytes()).Places("hello  world", int.MaxValue));
        Assert.Equal(ErrorKind.Data, error.Kind);
        Assert.Contains("write one blank between words", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_blank_is_put_before_a_text_where_the_file_says_so()
    {
        var tokenizer = Open(Bytes(addsBlank: true));

        Assert.Equal([264, 260, 104, 265], Ids(tokenizer, "wh"));
        Assert.Equal([264, 260, 104, 265], Ids(tokenizer, " wh"));
        Assert.Equal([264, 267, 260, 265], Ids(tokenizer, "<mask>w"));
        Assert.Equal([264, 265], Ids(tokenizer, ""));
    }

    [Fact]
    public void Several_threads_share_a_tokenizer()
    {
        var tokenizer = Open(Bytes());
        string[] texts = [.. Enumerable.Range(0, 2000).Select(number => $"hello{number % 700} world {number} wo")];
        var together = new int[texts.Length][];
        Parallel.For(0, texts.Length, number => together[number] = Ids(tokenizer, texts[number]));

        var alone = Open(Bytes());
        for (var number = 0; number < texts.Length; number++) Assert.Equal(Ids(alone, texts[number]), together[number]);
    }

    [Fact]
    public void What_stands_around_two_texts_follows_the_file()
    {
        var roberta = Open(Bytes());
        var (ids, types) = roberta.Encode("hello", "he ll", 10, out var isCut);
        Assert.Equal([264, 259, 265, 265, 256, 32, 257, 265], ids);
        Assert.All(types, type => Assert.Equal(0, type));
        Assert.False(isCut);
        (ids, types) = Open(Pieces()).Encode("the", "playing .", 6, out isCut);
        Assert.Equal([2, 5, 3, 6, 7, 3], ids);
        Assert.Equal([0, 0, 0, 1, 1, 1], types);
        Assert.True(isCut);
    }

    [Fact]
    public void A_file_says_what_it_is()
    {
        var bytes = Open(Bytes());
        Assert.Equal(("byte-level BPE, 268 tokens, from tokenizer.json", 268, 266), (bytes.Said, bytes.Size, bytes.Padding));
        var pieces = Open(Pieces());
        Assert.Equal(("WordPiece, 12 tokens, lower case, from tokenizer.json", 12, 0), (pieces.Said, pieces.Size, pieces.Padding));
    }

    [Fact]
    public void Merges_may_be_pairs_and_an_old_file_names_no_type()
    {
        var json = Bytes();
        var model = json["model"]!.AsObject();
        model["merges"] = new JsonArray([.. model["merges"]!.AsArray().Select(merge => new JsonArray([.. merge!.GetValue<string>().Split(' ').Select(part => JsonValue.Create(part))]))]);
        model.Remove("type");

        Assert.Equal([264, 259, 265], Ids(Open(json), "hello"));
    }

    [Fact]
    public void Without_a_padding_token_that_is_said()
    {
        var json = Bytes();
        json["added_tokens"]!.AsArray().RemoveAt(2);
        var tokenizer = Open(json);

        Assert.Equal(("byte-level BPE, 267 tokens, padded with token 0 for want of a padding token, from tokenizer.json", 268, 0), (tokenizer.Said, tokenizer.Size, tokenizer.Padding));
        _folder.WriteText("tokenizer_config.json", """{"pad_token": {"content": "</s>"}}""");
        Assert.Equal(265, Open(json).Padding);
    }

    [Theory]
    [InlineData("The CAFÉ playing", new[] { 5, 8, 6, 7 })]
    [InlineData("[CLS] the[MASK].", new[] { 2, 5, 4, 11 })]
    public void Words_are_split_into_pieces(string text, int[] ids) => Assert.Equal([2, .. ids, 3], Ids(Open(Pieces()), text));

    [Theory]
    [InlineData("{\"type\":\"BertNormalizer\",\"lowercase\":false}", "The the CAFÉ café", new[] { 10, 5, 1, 9 })]
    [InlineData("{\"type\":\"BertNormalizer\",\"lowercase\":true,\"strip_accents\":false}", "CAFÉ", new[] { 9 })]
    [InlineData("{\"type\":\"Lowercase\"}", "CAFÉ", new[] { 9 })]
    [InlineData("{\"type\":\"NFC\"}", "cafe\u0301 CAFÉ", new[] { 9, 1 })]
    [InlineData("{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFD\"},{\"type\":\"StripAccents\"},{\"type\":\"Lowercase\"}]}", "CAFÉ", new[] { 8 })]
    [InlineData("null", "The CAFÉ", new[] { 10, 1 })]
    public void Normalisers_are_followed(string normaliser, string text, int[] ids)
    {
        var json = Pieces();
        json["normalizer"] = JsonNode.Parse(normaliser);

        Assert.Equal([2, .. ids, 3], Ids(Open(json), text));
    }

    [Fact]
    public void Added_tokens_are_found_as_they_say()
    {
        var json = Pieces();
        var added = json["added_tokens"]!.AsArray();
        added.Add(Added(12, "Dé", normalized: true));
        added.Add(Added(13, "wo", normalized: true, word: true));
        added.Add(Added(14, "<x>", right: true));
        added.Add(Added(15, "<x>y"));
        added.Add(Added(99, "play"));
        var tokenizer = Open(json);

        Assert.Equal(16, tokenizer.Size);
        Assert.Equal([2, 12, 12, 3], Ids(tokenizer, "de DÉ"));
        Assert.Equal([2, 13, 1, 13, 11, 3], Ids(tokenizer, "wo two wo."));
        Assert.Equal([2, 14, 11, 15, 3], Ids(tokenizer, "<x>  .<x>y"));
        Assert.Equal([2, 6, 3], Ids(tokenizer, "play"));
    }

    [Theory]
    [InlineData("normalizer", "Precompiled")]
    [InlineData("normalizer", "NFKC")]
    [InlineData("pre_tokenizer", "Metaspace")]
    [InlineData("pre_tokenizer", "Split")]
    [InlineData("post_processor", "Unheard")]
    public void Other_kinds_are_refused_by_name(string part, string type)
    {
        foreach (var json in (JsonObject[])[Bytes(), Pieces()])
        {
            json[part] = new JsonObject { ["type"] = type };
            Assert.Equal($"'tokenizer.json' has the {part} {type}, which is not supported (WordPiece and byte-level BPE are); give token ids in an .npz file with one array per input instead.", Refused(json));
        }
    }

    [Theory]
    [InlineData("{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"a\",-1.5]]}", "Unigram")]
    [InlineData("{\"type\":\"WordLevel\",\"unk_token\":\"a\",\"vocab\":{\"a\":0}}", "WordLevel")]
    public void Other_models_are_refused_by_name(string model, string type)
    {
        var json = Pieces();
        json["model"] = JsonNode.Parse(model);

        Assert.StartsWith($"'tokenizer.json' has the model {type}, which is not supported", Refused(json), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("byte_fallback", true, "BPE with byte_fallback")]
    [InlineData("ignore_merges", true, "BPE with ignore_merges")]
    [InlineData("end_of_word_suffix", "</w>", "BPE with end_of_word_suffix '</w>'")]
    public void Other_kinds_of_BPE_are_refused(string name, object value, string said)
    {
        var json = Bytes();
        json["model"]![name] = value is bool flag ? flag : (string)value;

        Assert.StartsWith($"'tokenizer.json' has the model {said}, which is not supported", Refused(json), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_does_not_fit_together_is_refused()
    {
        var json = Bytes();
        json["model"]!["vocab"]!.AsObject().Remove("a");
        Assert.Equal("'tokenizer.json' is no byte-level BPE: its vocabulary has no token 'a' for the byte 0x61.", Refused(json));
        json = Bytes();
        json["model"]!["merges"]!.AsArray().Add("x y");
        Assert.Equal("'tokenizer.json' merges 'x y', which its vocabulary does not have; take the file from where the model comes from.", Refused(json));
        json = Bytes();
        json["post_processor"]!["cls"] = new JsonArray("<s>", 300);
        Assert.Equal("'tokenizer.json' puts the token 300 around texts, which its vocabulary does not have; take the file from where the model comes from.", Refused(json));
        json = Pieces();
        json["model"]!["unk_token"] = "<unk>";
        Assert.Equal("'tokenizer.json' has no token <unk> for unknown words; a WordPiece vocabulary needs one.", Refused(json));
        json = Pieces();
        json["model"]!["vocab"]!["big"] = 2_000_000_000;
        Assert.Equal("'tokenizer.json' is not a readable tokenizer.json: it has the token id 2000000000.", Refused(json));
        json = Pieces();
        json["model"]!["max_input_chars_per_word"] = 1_000_000;
        Assert.StartsWith("'tokenizer.json' allows words of 1000000 characters", Refused(json), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":\"b\"}}}")]
    [InlineData("{\"model\":{\"type\":\"WordPiece\",\"vocab\":{}},\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"}}")]
    [InlineData("{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"[UNK]\":0,\"[PAD]\":1}},\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"},\"post_processor\":{\"type\":\"BertProcessing\"}}")]
    public void A_damaged_file_is_refused(string json)
    {
        var error = Assert.Throws<OnnxEngineException>(() => TextTokenizer.Open(_folder.WriteText("tokenizer.json", json)));

        Assert.Equal(ErrorKind.Data, error.Kind);
        Assert.Contains("tokenizer.json'", error.Message, StringComparison.Ordinal);
    }
}
