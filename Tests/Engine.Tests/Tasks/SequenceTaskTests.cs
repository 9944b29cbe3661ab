using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Engine.Tasks.Metrics;
using OnnxEdit.Engine.Tasks.Sequences;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class SequenceTaskTests : IDisposable
{
    const string Picture = "x float N,3,32,T", Tokens = "input_ids int64 N,S; attention_mask int64 N,S";

    static readonly SequenceTask _task = new();

    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    TaskSubject Subject(string outputs, string list = "a\nb\nc\n", string input = Picture) => DeclaredModel.Of(input, outputs, new EvaluationOptions { Alphabet = _folder.WriteText("dict.txt", list) });

    // One position per character: the class that is likeliest there.
    static ItemOutput Scores(string path, int classes)
    {
        var values = new float[path.Length * classes];
        for (var position = 0; position < path.Length; position++) values[position * classes + path[position] - '0'] = 1;
        return new ItemOutput(values, [path.Length, classes]);
    }

    [Theory]
    [InlineData("1122", "ab")]
    [InlineData("1012", "aab")]
    [InlineData("0110110", "aa")]
    [InlineData("111000111", "aa")]
    [InlineData("0000", "")]
    [InlineData("10200", "ab")]
    [InlineData("3404", "c  ")]
    public void Repeats_are_one_unless_a_blank_parts_them(string path, string text)
    {
        var head = SequenceHead.Find(Subject("y float N,T,5"), out _)!;
        Assert.Equal(text, head.Alphabet!.Text(head.Alphabet.Collapsed(head.Path(0, Scores(path, 5)))));
    }

    [Theory]
    [InlineData("a\nb\nc\n", 4, 0, "|a|b|c")]
    [InlineData("a\nb\nc\n", 5, 0, "|a|b|c| ")]
    [InlineData("a\nb\nc", 4, 0, "|a|b|c")]
    [InlineData("a\r\n \r\nc\r\n", 4, 0, "|a| |c")]
    [InlineData("\uFEFFa\nb\n<blank>\n", 3, 2, "a|b|")]
    [InlineData("[blank]\na\nb\n", 4, 0, "|a|b| ")]
    public void A_list_is_laid_out_as_its_length_and_the_classes_tell(string list, int classes, int blank, string symbols)
    {
        var alphabet = SequenceHead.Find(Subject($"y float N,T,{classes}", list), out _)!.Alphabet!;
        Assert.Equal((blank, symbols), (alphabet.Blank, string.Join('|', alphabet.Symbols)));
    }

    [Theory]
    [InlineData("y float N,T,7", "tells 7 classes apart at each position, but '*' lists 3 characters, which makes 4 classes with a blank, or 5 with a space besides; give EvaluationOptions.Alphabet the list that it was trained with")]
    [InlineData("y float N,10", "returns no float [items, positions, classes] tensor of a declared number of classes")]
    [InlineData("y float N,T,C", "returns no float [items, positions, classes] tensor of a declared number of classes")]
    [InlineData("boxes float N,8400,84", "tells 84 classes apart at each position, but '*' lists 3 characters, which makes 4 classes with a blank, or 5 with a space besides; give EvaluationOptions.Alphabet the list that it was trained with")]
    public void What_does_not_fit_is_said(string outputs, string why) =>
        Assert.Equal(why.Replace("*", _folder["dict.txt"], StringComparison.Ordinal), _task.Obstacle(Subject(outputs)));

    [Fact]
    public void Without_a_list_it_is_no_sequence()
    {
        Assert.Equal("returns characters by number, and no list of characters is known; name it with EvaluationOptions.Alphabet", _task.Obstacle(DeclaredModel.Of(Picture, "y float N,T,97")));
        Assert.Equal("returns tags by number, and no list of tags is known; name it with EvaluationOptions.Alphabet", _task.Obstacle(DeclaredModel.Of(Tokens, "hidden float N,S,384")));
        Assert.Equal("regression", ModelTasks.Of(DeclaredModel.Of(Picture, "y float N,T,97"), null).Name);
        Assert.Equal("sequence", ModelTasks.Of(Subject("y float N,T,5"), null).Name);
        Assert.NotNull(_task.Obstacle(Subject("hidden float N,S,384", input: Tokens)));
    }

    [Fact]
    public void Lists_are_found_beside_the_model_and_must_be_whole()
    {
        var model = _folder["m.onnx"];
        Assert.Null(SymbolList.Beside(model));
        _folder.WriteText("config.json", "{ of something else");
        Assert.Null(SymbolList.Beside(model));
        _folder.WriteText("config.json", """{"id2label":{"0":"O","1":"B-PER"}}""");
        Assert.Equal(["O", "B-PER"], SymbolList.Read(SymbolList.Beside(model)!).Names);
        _folder.WriteText("notes.txt", "no list");
        _folder.WriteText("en_dict.txt", "a\n");
        Assert.Equal(_folder["en_dict.txt"], SymbolList.Beside(model));
        _folder.WriteText("ppocr_keys_v1.txt", "a\n");
        Assert.Null(SymbolList.Beside(model));
        Assert.Contains("no UTF-8 from byte 2 on", Refused([97, 10, 0xFF, 10]), StringComparison.Ordinal);
        Assert.Contains("names no classes", Refused([]), StringComparison.Ordinal);
        Assert.Contains("does not name class 1", Assert.Throws<OnnxEngineException>(() => SymbolList.Read(_folder.WriteText("c.json", """{"id2label":{"0":"O","2":"X"}}"""))).Message, StringComparison.Ordinal);
        Assert.Contains("no readable JSON", Assert.Throws<OnnxEngineException>(() => SymbolList.Read(_folder.WriteText("c.json", "{"))).Message, StringComparison.Ordinal);

        string Refused(byte[] bytes) => Assert.Throws<OnnxEngineException>(() => SymbolList.Read(_folder.Write("bad.txt", bytes))).Message;
    }

    [Theory]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("abc", "abc", 0)]
    [InlineData("abc", "", 3)]
    [InlineData("", "abc", 3)]
    [InlineData("abc", "axbyc", 2)]
    [InlineData("abcd", "bd", 2)]
    [InlineData("flaw", "lawn", 2)]
    [InlineData("ab", "ba", 2)]
    // An astral character is one; a letter with a combining accent is two, and not the composed letter, which is one.
    [InlineData("a\U0001F600b", "ab", 1)]
    [InlineData("\U0001F600", "\U0001F601", 1)]
    [InlineData("e\u0301", "e", 1)]
    [InlineData("e\u0301", "\u00E9", 2)]
    public void Distances_count_insertions_deletions_and_substitutions(string first, string second, int distance)
    {
        Assert.Equal(distance, EditDistance.Between(first, second));
        Assert.Equal(distance, EditDistance.Between(second, first));
    }

    [Fact]
    public void Character_errors_are_summed_before_they_are_divided()
    {
        var meter = _task.Measure(Subject("y float N,T,5"), new TargetItems(new TextTarget("abc"), new TextTarget("a"), new TextTarget("")));
        meter.Add(2, [Scores("0120", 5)]);
        meter.Add(0, [Scores("1230", 5)]);
        meter.Add(1, [Scores("1212", 5)]);
        var metrics = meter.Complete();
        Assert.Equal(["exact", "cer"], metrics.Select(metric => metric.Name));
        // 0 of 3 characters, 3 insertions for 1, 2 for none.
        Assert.Equal((1.0 / 3, 5.0 / 4), (metrics[0].Value, metrics[1].Value));
        Assert.Equal((true, false), (metrics[0].IsHigherBetter, metrics[1].IsHigherBetter));
        Assert.Equal(5.0 / 4, metrics[1].ItemScores!.Average(), 9);
    }

    [Fact]
    public void Without_a_character_to_read_there_are_no_errors_per_character()
    {
        var meter = _task.Measure(Subject("y float N,T,5"), new TargetItems(new TextTarget("")));
        meter.Add(0, [Scores("00", 5)]);
        Assert.Equal([("exact", 1.0)], meter.Complete().Select(metric => (metric.Name, metric.Value)));
    }

    [Fact]
    public void Agreement_compares_what_is_read()
    {
        var meter = _task.Agree(Subject("y float T,N,5"), new TargetItems(null, null));
        // An item on the second axis keeps its 1; other blanks are no difference.
        meter.Add(0, [Scores("1020", 5) with { Shape = [4, 1, 5] }], [Scores("1120", 5)]);
        meter.Add(1, [Scores("1203", 5)], [Scores("1333", 5)]);
        Assert.Equal([("exact", 0.5), ("similarity", 0.8333)], meter.Complete().Select(metric => (metric.Name, Math.Round(metric.Value, 4))));
    }

    [Fact]
    public void NaN_and_other_shapes_are_refused()
    {
        var meter = _task.Measure(Subject("y float N,T,5"), new TargetItems(new TextTarget("a")));
        Assert.Contains("is NaN for item 0", Assert.Throws<OnnxEngineException>(() => meter.Add(0, [new ItemOutput([0, float.NaN, 0, 0, 0], [1, 5])])).Message, StringComparison.Ordinal);
        Assert.Contains("is [2,7] for an item, not 5 classes", Assert.Throws<OnnxEngineException>(() => meter.Add(0, [new ItemOutput(new float[14], [2, 7])])).Message, StringComparison.Ordinal);
        Assert.Contains("not labelled with a string", Assert.Throws<OnnxEngineException>(() => _task.Measure(Subject("y float N,T,5"), new TargetItems(new ValuesTarget([1]))).Add(0, [Scores("0", 5)])).Message, StringComparison.Ordinal);
    }

    // What conlleval and seqeval (default mode) count as entities.
    [Theory]
    [InlineData("B-PER I-PER O", "PER 0 1")]
    [InlineData("I-PER I-PER O", "PER 0 1")]
    [InlineData("B-PER I-LOC", "PER 0 0, LOC 1 1")]
    [InlineData("B-PER B-PER", "PER 0 0, PER 1 1")]
    [InlineData("O I-LOC O B-LOC", "LOC 1 1, LOC 3 3")]
    [InlineData("S-A B-B I-B E-B S-A", "A 0 0, B 1 3, A 4 4")]
    [InlineData("O O", "")]
    [InlineData("", "")]
    [InlineData("E-A E-A", "A 0 0, A 1 1")]
    public void Entities_are_those_of_conlleval(string tags, string entities) =>
        Assert.Equal(entities, string.Join(", ", TagEntities.Of(tags.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(entity => $"{entity.Type} {entity.First} {entity.Last}")));

    [Fact]
    public void Tags_are_judged_by_whole_entities()
    {
        var subject = Subject("y float N,S,5", "O\nB-PER\nI-PER\nB-LOC\nI-LOC\n", Tokens);
        var meter = _task.Measure(subject, new TargetItems(
            new TagsTarget(["B-PER", "I-PER", "O", "B-LOC"]),
            // A word of two tokens, and one that was cut off.
            new TagsTarget(["O", "B-LOC", "B-PER"]) { Positions = [1, 3, -1] }));
        meter.Add(0, [Scores("1203", 5)]);
        meter.Add(1, [Scores("00010", 5)]);
        var metrics = meter.Complete();
        // Wanted PER 0-1, LOC 3, LOC 1; found PER 0-1, LOC 3, PER 1: 2 of 3 and 3. 5 of 6 words.
        Assert.Equal([("f1", 4.0 / 6), ("tag-accuracy", 5.0 / 6)], metrics.Select(metric => (metric.Name, metric.Value)));
        Assert.Contains("'B-ORG'", Assert.Throws<OnnxEngineException>(() => _task.Measure(subject, new TargetItems(new TagsTarget(["B-ORG"]))).Add(0, [Scores("0", 5)])).Message, StringComparison.Ordinal);
        Assert.Contains("3 tagged words", Assert.Throws<OnnxEngineException>(() => _task.Measure(subject, new TargetItems(new TagsTarget(["O", "O", "O"]))).Add(0, [Scores("00", 5)])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Positions_of_padding_do_not_count_in_agreement()
    {
        var meter = _task.Agree(Subject("y float N,S,5", "O\nB-PER\nI-PER\nB-LOC\nI-LOC\n", Tokens), new TargetItems((ItemTarget?)null));
        meter.Add(0, [Scores("0120", 5) with { Mask = [true, true, true, false] }], [Scores("0123", 5) with { Mask = [true, true, true, false] }]);
        Assert.Equal([1.0, 1.0], meter.Complete().Select(metric => metric.Value));
    }
}
