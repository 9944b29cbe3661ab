using System.Text.RegularExpressions;
using OnnxEdit.Engine.Data.Text;
using OnnxEdit.Surgery;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class TextTokenizerTests : IDisposable
{
    const string Small = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\ncafe\nun\n##able\n##ing\nplay\n.\n$\n5\n中\n文\n!\ni\n€\nab\n'\n";

    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    TextTokenizer Open(string vocabulary = Small) => TextTokenizer.Open(_folder.WriteText("vocab.txt", vocabulary));

    static int[] Ids(TextTokenizer tokenizer, string text) => tokenizer.Encode(text, null, int.MaxValue / 4, out _).Ids[1..^1];

    [Fact]
    public void A_vocabulary_says_what_it_is()
    {
        var tokenizer = Open();

        Assert.Equal("WordPiece, 21 tokens, lower case (its words have no capitals), from vocab.txt", tokenizer.Said);
        Assert.Equal((21, 0), (tokenizer.Size, tokenizer.Padding));
        Assert.Equal("WordPiece, 22 tokens, upper and lower case (its words have capitals), from vocab.txt", Open(Small + "The\n").Said);
        _folder.WriteText("tokenizer_config.json", """{"do_lower_case": false, "model_max_length": 512}""");
        Assert.Equal("WordPiece, 21 tokens, upper and lower case (as tokenizer_config.json says), from vocab.txt", Open().Said);
    }

    [Theory]
    [InlineData("The CAFÉ", new[] { 5, 6 })]
    [InlineData("cafe\u0301", new[] { 6 })]
    [InlineData("unable unplaying playing", new[] { 7, 8, 1, 10, 9 })]
    [InlineData("$5.!", new[] { 12, 13, 11, 16 })]
    [InlineData("the\tplay\r\nthe\u00A0play\u3000the", new[] { 5, 10, 5, 10, 5 })]
    [InlineData("t\u0000h\u200Be\uFFFD\u0085", new[] { 5 })]
    [InlineData("中文the中", new[] { 14, 15, 5, 14 })]
    [InlineData("€5 €", new[] { 1, 18 })]
    [InlineData("the [MASK]the[SEP] [mask]", new[] { 5, 4, 5, 3, 1, 1, 1 })]
    [InlineData("İ I ı", new[] { 17, 17, 1 })]
    [InlineData("zebra 😀", new[] { 1, 1 })]
    [InlineData("", new int[0])]
    public void Texts_are_split_as_BERT_does(string text, int[] ids) => Assert.Equal(ids, Ids(Open(), text));

    [Fact]
    public void Words_of_more_than_a_hundred_characters_are_unknown()
    {
        var tokenizer = Open(Small + "##x\n##𝄞\nx\n𝄞\n");

        Assert.Equal(100, Ids(tokenizer, new string('x', 100)).Length);
        Assert.Equal([1], Ids(tokenizer, new string('x', 101)));
        Assert.Equal(100, Ids(tokenizer, string.Concat(Enumerable.Repeat("𝄞", 100))).Length);
    }

    [Fact]
    public void A_cased_vocabulary_keeps_capitals_and_accents()
    {
        var tokenizer = Open(Small + "The\ncafé\nCaf\n");

        Assert.Equal([21, 5, 22, 6], Ids(tokenizer, "The the café cafe"));
        Assert.Equal([1], Ids(tokenizer, "THE"));
    }

    [Fact]
    public void One_text_and_two_stand_between_their_tokens()
    {
        var tokenizer = Open();

        var one = tokenizer.Encode("the cafe", null, 10, out var isCut);
        Assert.Equal([2, 5, 6, 3], one.Ids);
        Assert.Equal([0, 0, 0, 0], one.Types);
        Assert.False(isCut);
        var two = tokenizer.Encode("the cafe", "play!", 7, out isCut);
        Assert.Equal([2, 5, 6, 3, 10, 16, 3], two.Ids);
        Assert.Equal([0, 0, 0, 0, 1, 1, 1], two.Types);
        Assert.False(isCut);
    }

    [Theory]
    [InlineData(4, null, 2)]
    [InlineData(2, null, 0)]
    public void A_long_text_is_cut_at_its_end(int limit, string? second, int kept)
    {
        var (ids, types) = Open().Encode("the play . 5", second, limit, out var isCut);

        Assert.Equal((int[])[2, .. new[] { 5, 10, 11, 13 }.Take(kept), 3], ids);
        Assert.Equal(limit, types.Length);
        Assert.True(isCut);
    }

    // What Hugging Face's longest_first leaves of both.
    [Theory]
    [InlineData(5, 2, 9, 4, 2)]
    [InlineData(2, 5, 9, 2, 4)]
    [InlineData(5, 5, 10, 3, 4)]
    [InlineData(6, 5, 10, 4, 3)]
    [InlineData(5, 6, 10, 3, 4)]
    [InlineData(1, 5, 4, 0, 1)]
    [InlineData(3, 3, 9, 3, 3)]
    public void Of_two_texts_the_longer_is_cut(int first, int second, int limit, int keptFirst, int keptSecond)
    {
        var (ids, types) = Open().Encode(string.Concat(Enumerable.Repeat("the ", first)), string.Concat(Enumerable.Repeat("play ", second)), limit, out var isCut);

        Assert.Equal((keptFirst, keptSecond), (ids.Count(id => id == 5), ids.Count(id => id == 10)));
        Assert.Equal(keptSecond + 1, types.Count(type => type == 1));
        Assert.Equal(keptFirst + keptSecond < first + second, isCut);
    }

    [Theory]
    [InlineData("the playing unable .", 10, new[] { 1, 2, 4, 6 })]
    [InlineData("the playing unable .", 6, new[] { 1, 2, 4, -1 })]
    [InlineData(" the  \u0000 play", int.MaxValue, new[] { 1, -1, 2 })]
    public void A_word_stands_where_its_first_token_does(string text, int limit, int[] places) => Assert.Equal(places, Open().Places(text, limit));

    [Fact]
    public void A_limit_below_the_tokens_around_a_text_is_refused()
    {
        var error = Assert.Throws<OnnxEngineException>(() => Open().Encode("the", "play", 2, out _));

        Assert.Equal((ErrorKind.Usage, "2 tokens are too few: 3 of each item stand around its text."), (error.Kind, error.Message));
    }

    [Fact]
    public void A_list_that_is_no_vocabulary_is_refused()
    {
        var error = Assert.Throws<OnnxEngineException>(() => Open("[PAD]\n[UNK]\nthe\n"));

        Assert.Equal(ErrorKind.Data, error.Kind);
        Assert.EndsWith("is no BERT vocabulary: it has no line [CLS], [SEP]; give a vocab.txt with a token a line, or a tokenizer.json.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Line_ends_blank_lines_and_repetitions_keep_ids()
    {
        var tokenizer = Open("\uFEFF[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\nthe\r\n\r\nthe\r\nplay");

        Assert.Equal(8, tokenizer.Size);
        Assert.Equal([6, 7, 1], Ids(tokenizer, "the play no"));
    }

    [Fact]
    public void The_tokenizer_beside_a_model_is_found()
    {
        var model = _folder["model.onnx"];
        Assert.Null(TextTokenizer.Beside(model));
        var own = _folder.WriteText("my_vocab_file.txt", Small);
        Assert.Equal(own, TextTokenizer.Beside(model));
        _folder.WriteText("other-vocab.txt", Small);
        Assert.Null(TextTokenizer.Beside(model));
        var usual = _folder.WriteText("vocab.txt", Small);
        Assert.Equal(usual, TextTokenizer.Beside(model));
        var json = _folder.WriteText("tokenizer.json", "{}");
        Assert.Equal(json, TextTokenizer.Beside(model));
        Assert.Equal(json, TextTokenizer.Beside(_folder["onnx/model.onnx"]));
        Assert.Null(TextTokenizer.Beside(_folder["other/model.onnx"]));
    }

    // Ids that everyone who has used bert-base-uncased has seen.
    [Theory]
    [InlineData("Hello, world!", new[] { 101, 7592, 1010, 2088, 999, 102 })]
    [InlineData("The quick brown fox jumps over the lazy dog.", new[] { 101, 1996, 4248, 2829, 4419, 14523, 2058, 1996, 13971, 3899, 1012, 102 })]
    [InlineData("[MASK]", new[] { 101, 103, 102 })]
    public void Golden_ids_of_a_real_vocabulary(string text, int[] ids)
    {
        var tokenizer = TextTokenizer.Open(SharedData.Require("real-models", "minilm_vocab.txt"));

        Assert.Equal("WordPiece, 30,522 tokens, lower case (its words have no capitals), from minilm_vocab.txt", tokenizer.Said);
        Assert.Equal((30522, 0), (tokenizer.Size, tokenizer.Padding));
        Assert.Equal(ids, tokenizer.Encode(text, null, 128, out _).Ids);
    }

    [Fact]
    public void Real_sentences_are_written_with_the_longest_pieces()
    {
        var path = SharedData.Require("real-models", "minilm_vocab.txt");
        var tokenizer = TextTokenizer.Open(path);
        var vocabulary = File.ReadAllLines(path).Index().ToDictionary(line => line.Item, line => line.Index);
        var texts = 0;
        foreach (var (name, columns) in ((string, string[])[])[("stsb_dev.csv", ["text", "text"]), ("stsb_train.csv", ["text", "text"]), ("sst2_dev.tsv", ["-", "text"]), ("sst2_train.tsv", ["-", "text"])])
        {
            foreach (var row in TextTable.Open(SharedData.Require("data", "text", name), columns).Rows)
            {
                foreach (var text in (string?[])[row.First, row.Second])
                {
                    if (text is null) continue;
                    Assert.True(Greedy(text, vocabulary).SequenceEqual(Ids(tokenizer, text)), text);
                    texts++;
                }
            }
        }
        Assert.True(texts > 10_000);
    }

    // The accented letters of these sentences, and the same without.
    const string Accented = "öéàíóèüâïáã\u1F7BÄôñ", Plain = "oeaioeuaiaaυaon";

    static List<int> Greedy(string text, Dictionary<string, int> vocabulary)
    {
        List<int> ids = [];
        text = string.Concat(text.Select(c => Accented.Contains(c, StringComparison.Ordinal) ? Plain[Accented.IndexOf(c, StringComparison.Ordinal)] : c));
        text = Regex.Replace(text, @"[\p{C}-[\s]]", "");
        foreach (var word in Regex.Matches(text.ToLowerInvariant(), @"[\p{P}$+<=>^`|~]|[^\s\p{P}$+<=>^`|~]+").Select(match => match.Value))
        {
            List<int> own = [];
            for (var start = 0; start < word.Length;)
            {
                var end = word.Length;
                while (end > start && !vocabulary.ContainsKey((start > 0 ? "##" : "") + word[start..end])) end--;
                if (end == start)
                {
                    own = [vocabulary["[UNK]"]];
                    break;
                }
                own.Add(vocabulary[(start > 0 ? "##" : "") + word[start..end]]);
                start = end;
            }
            ids.AddRange(own);
        }
        return ids;
    }
}
