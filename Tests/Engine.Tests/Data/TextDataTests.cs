using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Targets;
using Xunit;

namespace OnnxEdit.Engine.Tests;

/// <summary>Files of texts as the items of a model that takes token ids.</summary>
public sealed class TextDataTests : IDisposable
{
    readonly TempFolder _folder = new();

    public TextDataTests() => _folder.WriteText("vocab.txt", string.Join('\n', "[PAD] [UNK] [CLS] [SEP] the cat dog sat ran ##s un ##happy .".Split(' ')));

    public void Dispose() => _folder.Dispose();

    ModelData Open(string file, string text, string? columns = null, bool isTextPerItem = false, int? most = null, int words = TokenEncoder.Words)
    {
        _folder.WriteText(file, text);
        return ModelData.Open(
            new DataOptions { Path = _folder[file], Columns = columns?.Split(','), Tokenizer = _folder["vocab.txt"], IsTextPerItem = isTextPerItem, MaxTokens = most, TestOnly = true },
            [.. ModelInput.All(TokenEncoder.Build(17), null).Select(input => input with { Bound = words })]);
    }

    static float[] Item(ItemSet items, int index, int part)
    {
        var values = new float[items.Parts[part].ItemLength];
        items.Parts[part].Fill(index, 1, values);
        return values;
    }

    [Fact]
    public void Texts_become_ids_under_a_mask()
    {
        var items = Open("a.csv", "label,text\n1,The cat sat.\n0,dogs\n").Test!;
        Assert.Equal((2, 1, 0), (items.Count, items.Label(0), items.Label(1)));
        Assert.Equal([2, 4, 5, 7, 12, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], Item(items, 0, 0));
        Assert.Equal([1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], Item(items, 0, 1));
        Assert.Equal([2, 6, 9, 3], Item(items, 1, 0)[..4]);
    }

    [Fact]
    public void Pairs_are_two_items_for_embeddings_and_one_for_all_else()
    {
        const string Rows = "the cat,a dog,4.5\nunhappy dog,the dog ran,1\n";
        var apart = Open("a.csv", Rows, "text,text,score", isTextPerItem: true).Test!;
        Assert.Equal((4, 2), (apart.Count, apart.Together));
        Assert.Equal([new PairTarget(0, 4.5), new PairTarget(0, 4.5), new PairTarget(1, 1), new PairTarget(1, 1)], Enumerable.Range(0, 4).Select(i => apart.Target(i)!));
        var together = Open("b.csv", Rows, "text,text,score").Test!;
        Assert.Equal([2, 4, 5, 3, 1, 6, 3], Item(together, 0, 0)[..7]);
        Assert.Equal([4.5f], ((ValuesTarget)together.Target(0)!).Values);
    }

    [Fact]
    public void Pairs_stay_together_where_data_is_divided()
    {
        _folder.WriteText("p.csv", string.Concat(Enumerable.Range(0, 40).Select(i => $"the cat,the dog,{i}\n")));
        var data = ModelData.Open(
            new DataOptions { Path = _folder["p.csv"], Columns = ["text", "text", "score"], Tokenizer = _folder["vocab.txt"], IsTextPerItem = true, Calibration = 21, Validation = 8 },
            ModelInput.All(TokenEncoder.Build(17), null));
        Assert.Equal((22, 8, 16), (data.Calibration!.Count, data.Validation!.Count, data.Test!.Count));
        Assert.All([data.Calibration, data.Validation, data.Test], items =>
            Assert.All(Enumerable.Range(0, items.Count / 2), i => Assert.Equal(items.Target(2 * i), items.Target(2 * i + 1))));
        Assert.Empty(Scores(data.Calibration).Intersect(Scores(data.Test)).Concat(Scores(data.Calibration).Intersect(Scores(data.Validation))));

        static IEnumerable<double> Scores(ItemSet items) => Enumerable.Range(0, items.Count).Select(i => ((PairTarget)items.Target(i)!).Score);
    }

    [Fact]
    public void Too_long_texts_are_cut_and_counted()
    {
        var data = Open("a.csv", "text\n" + string.Join(' ', Enumerable.Repeat("cat", 60)) + "\nthe dog\n", most: 20);
        Assert.Equal([20, 20], data.Test!.Parts.Select(part => part.ItemLength));
        Assert.Contains("1 item longer than 20 tokens is cut to these", data.Description, StringComparison.Ordinal);
        Assert.Equal(3, Item(data.Test, 0, 0)[^1]);
    }

    [Fact]
    public void Tags_stand_at_the_first_token_of_their_words()
    {
        var items = Open("a.jsonl", """{"text": "the unhappy dogs", "tags": ["O", "B-X", "I-X"]}""" + "\n").Test!;
        var target = (TagsTarget)items.Target(0)!;
        Assert.Equal(["O", "B-X", "I-X"], target.Tags);
        Assert.Equal([1, 2, 4], target.Positions);
    }

    [Fact]
    public void A_tokenizer_of_another_model_is_refused() => Assert.Contains(
        "token ids up to 12, and the model has 9 tokens", Assert.Throws<OnnxEngineException>(() => Open("a.csv", "text\nthe cat\n", words: 9)).Message, StringComparison.Ordinal);

    [Fact]
    public void Classes_by_name_are_the_same_in_both_files()
    {
        _folder.WriteText("d/train.csv", "label,text\nrun,dog ran\nsit,cat sat\nrun,dog\n");
        _folder.WriteText("d/test.csv", "label,text\nsit,cat\n");
        var data = ModelData.Open(new DataOptions { Path = _folder["d"], Tokenizer = _folder["vocab.txt"] }, ModelInput.All(TokenEncoder.Build(17), null));
        Assert.Equal(["run", "sit"], data.ClassNames!);
        Assert.Equal(1, data.Test!.Label(0));
    }
}
