using System.Text;
using OnnxEdit.Engine.Data.Text;
using OnnxEdit.Surgery;
using Parquet;
using Parquet.Schema;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class TextTableTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    TextTable Open(string name, string text, params string[]? columns) => TextTable.Open(_folder.WriteText(name, text), columns);

    string Refused(string name, string text, ErrorKind kind, params string[]? columns)
    {
        var error = Assert.Throws<OnnxEngineException>(() => Open(name, text, columns));
        Assert.Equal(kind, error.Kind);
        return error.Message.Replace(_folder.Path + Path.DirectorySeparatorChar, "", StringComparison.Ordinal);
    }

    [Fact]
    public void Columns_are_taken_in_the_order_that_is_given()
    {
        var table = Open("pairs.csv", "A plane.,\"An air plane, \"\"big\"\".\",5.0\nA man.,A flute.,1e-1\n", "text", "text", "score");

        Assert.Equal([new TextRow("A plane.", "An air plane, \"big\".") { Score = 5 }, new TextRow("A man.", "A flute.") { Score = 0.1 }], table.Rows);
        Assert.Equal("2 rows, columns text,text,score", table.Said);
        Assert.Null(table.ClassNames);
    }

    [Fact]
    public void Quotes_hold_line_breaks_and_lines_are_counted_through_them()
    {
        Assert.Equal("one\r\ntwo", Open("a.csv", "\"one\r\ntwo\",1\r\nx,0\r\n", "text", "label").Rows[0].First);
        Assert.Equal("Line 3 of 'b.csv' has the score 'high', which is no number.", Refused("b.csv", "\"one\ntwo\",1\nx,high\n", ErrorKind.Data, "text", "score"));
    }

    [Theory]
    [InlineData("say \"hi\" to, me\n", "say \"hi\" to", " me")]
    [InlineData("5\" wide, 6\" high\n", "5\" wide", " 6\" high")]
    public void A_quote_within_a_value_is_a_character(string text, string first, string second) =>
        Assert.Equal(new TextRow(first, second), Assert.Single(Open("a.csv", text, "text", "text").Rows));

    [Theory]
    [InlineData("text;label\ngood, really;1\nbad;0\n", "good, really", "values stand between semicolons")]
    [InlineData("text\tlabel\ngood, really\t1\nbad\t0\n", "good, really", "values stand between tabs")]
    public void Other_separators_of_csv_are_found_and_said(string text, string first, string said)
    {
        var table = Open("a.csv", text, null);

        Assert.Equal(new TextRow(first, null) { Label = 1 }, table.Rows[0]);
        Assert.Equal($"2 rows, columns text=text,label=label by their names; {said}", table.Said);
    }

    [Fact]
    public void A_table_with_tabs_need_not_be_quoted()
    {
        var table = Open("a.tsv", "1\t\"Good,\" he said\n0\tbad\n", "label", "text");

        Assert.Equal("\"Good,\" he said", table.Rows[0].First);
        Assert.Equal("2 rows, columns label,text; quotes are part of the texts", table.Said);
        Assert.Equal("a\tb", Open("b.tsv", "1\t\"a\tb\"\n", "label", "text").Rows[0].First);
    }

    [Theory]
    [InlineData("idx,sentence,label\n0,fine,1\n", "fine", null, 1)]
    [InlineData("Premise,Hypothesis,Label\na,b,2\n", "a", "b", 2)]
    [InlineData("\uFEFFsentence_1,sentence_2,similarity_score\r\na,b,3\r\n", "a", "b", -1)]
    public void Names_of_columns_tell_what_they_hold(string text, string first, string? second, int label)
    {
        var row = Assert.Single(Open("a.csv", text, null).Rows);

        Assert.Equal((first, second, label), (row.First, row.Second, row.Label));
        Assert.Equal(label < 0 ? 3 : null, row.Score);
    }

    [Fact]
    public void Columns_are_given_by_name()
    {
        var table = Open("a.csv", "id,what,how\n7,fine,good\n8,poor,bad\n", "what=text", "how=label");

        Assert.Equal([new TextRow("fine", null) { Label = 1, LabelName = "good" }, new TextRow("poor", null) { Label = 0, LabelName = "bad" }], table.Rows);
        Assert.Equal(["bad", "good"], table.ClassNames);
        Assert.Equal("2 rows, columns what=text,how=label, 1 left out; classes bad=0, good=1", table.Said);
    }

    [Fact]
    public void Words_are_classes_in_ordinal_order()
    {
        var table = Open("a.csv", "a,pos\nb,Neg\nc,neg\n", "text", "label");

        Assert.Equal(["Neg", "neg", "pos"], table.ClassNames);
        Assert.Equal([2, 0, 1], table.Rows.Select(row => row.Label));
    }

    [Fact]
    public void Whole_numbers_with_a_point_are_classes() => Assert.Equal(2, Open("a.csv", "a,2.0\n", "text", "label").Rows[0].Label);

    [Fact]
    public void Tags_and_values_are_read()
    {
        Assert.Equal(["O", "B-PER"], Open("a.tsv", "hello Ann\tO B-PER\n", "text", "tags").Rows[0].Tags);
        Assert.Equal([0.5f, -2f], Open("b.csv", "hello,.5,-2\n", "text", "value", "value").Rows[0].Values);
    }

    [Fact]
    public void Empty_texts_are_kept_and_said()
    {
        var table = Open("a.csv", "1,\n0,x\n", "label", "text");

        Assert.Equal(["", "x"], table.Rows.Select(row => row.First));
        Assert.EndsWith("; 1 row has an empty text and is kept", table.Said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a,1\nb\n", "Line 2 of 'a.csv' has 1 column, where line 1 has 2; put values that hold commas in double quotes.")]
    [InlineData("a,1\nb, c,1\n", "Line 2 of 'a.csv' has 3 columns, where line 1 has 2; put values that hold commas in double quotes.")]
    [InlineData("a,1\n\"b,1\nc,1\n", "Line 2 of 'a.csv' has a quote that is not closed; double the quotes within a value.")]
    [InlineData("a,1\n\"b\"c,1\n", "Line 2 of 'a.csv' has text after a closing quote; double the quotes within a value.")]
    [InlineData("a,1\nb,\n", "Line 2 of 'a.csv' has no label; give it one or leave the row out.")]
    [InlineData("a,1\nb,-1\n", "Line 2 of 'a.csv' has the label -1, which is no class; classes are counted from 0. Leave label out of DataOptions.Columns where there are none.")]
    [InlineData("a,1\nb,two\n", "Line 2 of 'a.csv' has the label 'two' where line 1 of 'a.csv' has the number 1; labels are all numbers or all words.")]
    [InlineData("body,rating\nb,1\n", "Line 1 of 'a.csv' has the label 'rating' where line 2 of 'a.csv' has the number 1; labels are all numbers or all words; if this line names the columns, write DataOptions.Columns as NAME=ROLE.")]
    [InlineData("", "'a.csv' is empty; write a row for each item.")]
    [InlineData("\r\n\n", "'a.csv' is empty; write a row for each item.")]
    [InlineData("text,label\n", "'a.csv' has names of columns but no rows.")]
    [InlineData("a\n", "Line 1 of 'a.csv' has 1 column, and DataOptions.Columns names 2.")]
    public void Bad_rows_are_refused(string text, string message) => Assert.Equal(message, Refused("a.csv", text, ErrorKind.Data, "text", "label"));

    [Theory]
    [InlineData("a,b,1\n", "'a.csv' has 3 columns without names; say what they hold with DataOptions.Columns, e.g. text,text,score (text, score, label, tags, value, or - for none).")]
    [InlineData("id,label\na,1\n", "'a.csv' has the columns id, label, none of them known to be text; say what they hold with DataOptions.Columns, e.g. text,label (text, score, label, tags, value, or - for none).")]
    [InlineData("text,question,review\na,b,c\n", "'a.csv' has the columns text, question, review, 3 of them text; say what they hold with DataOptions.Columns, e.g. text,text,score (text, score, label, tags, value, or - for none).")]
    public void Doubtful_columns_are_not_guessed(string text, string message) => Assert.Equal(message, Refused("a.csv", text, ErrorKind.Usage, null));

    [Theory]
    [InlineData("'a.csv' has no column 'body'; it has text, label.", "body=text")]
    [InlineData("DataOptions.Columns holds 'words'; a column is text, score, label, tags, value, or - for none.", "words", "label")]
    [InlineData("DataOptions.Columns names no text column; write text for one or two of them.", "-", "label")]
    [InlineData("DataOptions.Columns names 2 columns label; one is the most.", "label", "label")]
    [InlineData("DataOptions.Columns holds 'label' beside NAME=ROLE; write all of them as NAME=ROLE, or only roles in the order of the columns.", "text=text", "label")]
    public void Wrong_columns_are_refused(string message, params string[] columns) => Assert.Equal(message, Refused("a.csv", "text,label\na,1\n", ErrorKind.Usage, columns));

    [Fact]
    public void Broken_UTF8_is_refused_where_it_stands()
    {
        var path = _folder.Write("a.csv", [.. "good,1\nbad "u8, 0xE9, .. ",0\n"u8]);

        var error = Assert.Throws<OnnxEngineException>(() => TextTable.Open(path, ["text", "label"]));

        Assert.Equal($"Line 2 of '{path}' is not UTF-8: byte 12 of the file is 0xE9; convert the file, e.g. with iconv -t UTF-8.", error.Message);
    }

    [Fact]
    public void Objects_a_line_are_a_table()
    {
        var table = Open("a.jsonl", """
            {"label": "bad", "text": "one\ntwo"}

            {"text": "caf\u00e9", "label": "good", "id": {"x": 1}}
            """, null);

        Assert.Equal([new TextRow("one\ntwo", null) { Label = 0, LabelName = "bad" }, new TextRow("café", null) { Label = 1, LabelName = "good" }], table.Rows);
        Assert.Equal("2 rows, columns label=label,text=text by their names, 1 left out; classes bad=0, good=1", table.Said);
    }

    [Fact]
    public void Tags_are_as_many_as_words_and_belong_to_one_text()
    {
        Assert.Contains("a.tsv' has 1 word and 2 tags", Assert.Throws<OnnxEngineException>(() => Open("a.tsv", "Ann\tO B-PER\n", "text", "tags")).Message, StringComparison.Ordinal);
        Assert.Equal(ErrorKind.Usage, Assert.Throws<OnnxEngineException>(() => Open("a.tsv", "Ann\tshe\tO\n", "text", "text", "tags")).Kind);
    }

    [Fact]
    public void Lists_of_words_are_texts_and_tags()
    {
        var row = Assert.Single(Open("a.jsonl", """{"words": ["Ann", "sleeps"], "ner_tags": [3, 0], "value": -1.5e0}""", "words=text", "ner_tags=tags", "value=value").Rows);

        Assert.Equal("Ann sleeps", row.First);
        Assert.Equal(["3", "0"], row.Tags);
        Assert.Equal([-1.5f], row.Values);
    }

    [Theory]
    [InlineData("{\"text\": \"a\", \"label\": 1}\n{\"label\": 1}\n", "Line 2 of 'a.jsonl' has no 'text'.")]
    [InlineData("{\"text\": \"a\", \"label\": 1}\n{\"text\": null, \"label\": 1}\n", "Line 2 of 'a.jsonl' has no 'text'.")]
    [InlineData("{\"text\": \"a\", \"label\": 1}\n\n{\"text\": \"b\"}\n", "Line 3 of 'a.jsonl' has no label; give it one or leave the row out.")]
    [InlineData("{\"text\": {\"en\": \"a\"}, \"label\": 1}", "Line 1 of 'a.jsonl' holds an object as 'text'; it must be text, a number, or a list of them.")]
    [InlineData("[{\"text\": \"a\"}]", "Line 1 of 'a.jsonl' is no JSON object; write an object a line, e.g. {\"text\": \"...\", \"label\": 1}.")]
    [InlineData("", "'a.jsonl' is empty; write a JSON object a line.")]
    public void Bad_objects_are_refused(string text, string message) => Assert.Equal(message, Refused("a.jsonl", text, ErrorKind.Data, null));

    [Theory]
    [InlineData("{\"text\": \"a\"}\n{\"text\": ")]
    [InlineData("{\"text\": \"a\"}\n{\"text\": \"\\ud83d\"}")]
    public void A_line_that_is_no_JSON_is_named(string text) =>
        Assert.StartsWith("Line 2 of 'a.jsonl' is not JSON; write an object a line", Refused("a.jsonl", text, ErrorKind.Data, null), StringComparison.Ordinal);

    [Fact]
    public async Task Columns_of_Parquet_are_a_table()
    {
        var path = await WriteParquet();

        var table = TextTable.Open(path, null);

        Assert.Equal(["neg", "pos"], table.ClassNames);
        Assert.Equal([("one", 1, "pos"), ("two", 0, "neg"), ("one", 1, "pos"), ("tschüß", 0, "neg")], table.Rows.Select(row => (row.First, row.Label, row.LabelName)));
        Assert.Equal("4 rows, columns sentence=text,label=label by their names, 2 left out; classes neg=0, pos=1", table.Said);
        Assert.Equal([0.25, -1, 0.25, -1], TextTable.Open(path, ["text", "-", "score"]).Rows.Select(row => row.Score));
    }

    [Fact]
    public async Task Bad_Parquet_is_refused()
    {
        var path = await WriteParquet();
        string Message(string file, params string[]? columns) => Assert.Throws<OnnxEngineException>(() => TextTable.Open(file, columns)).Message.Replace(_folder.Path + Path.DirectorySeparatorChar, "", StringComparison.Ordinal);

        Assert.StartsWith("The column 'words/list/element' of 'a.parquet' holds lists; columns of text or numbers are read.", Message(path, "-", "-", "-", "text"), StringComparison.Ordinal);
        Assert.StartsWith("Cannot read 'b.parquet' as Parquet: ", Message(_folder.WriteText("b.parquet", "PAR1 and no more PAR1"), null), StringComparison.Ordinal);
        Assert.Equal("There is no file 'c.parquet'.", Message(_folder["c.parquet"], null));
    }

    /// <summary>Two groups of two rows.</summary>
    async Task<string> WriteParquet()
    {
        var words = new ListField("words", new DataField<string>("element"));
        var schema = new ParquetSchema(new DataField<string>("sentence"), new DataField<long>("label"), new DataField<double>("rating"), words);
        var path = _folder.Write("a.parquet");
        await using var stream = File.OpenWrite(path);
        await using var writer = await ParquetWriter.CreateAsync(schema, stream);
        writer.CustomMetadata = new Dictionary<string, string> { ["huggingface"] = """{"info":{"features":{"label":{"names":["neg","pos"],"_type":"ClassLabel"}}}}""" };
        for (var group = 0; group < 2; group++)
        {
            using var part = writer.CreateRowGroup();
            await part.WriteAsync(schema.DataFields[0], (string[])["one", group == 0 ? "two" : "tschüß"]);
            await part.WriteAsync<long>(schema.DataFields[1], new long[] { 1, 0 });
            await part.WriteAsync<double>(schema.DataFields[2], new[] { 0.25, -1 });
            await part.WriteAsync(schema.DataFields[3], (string[])["a", "b"], new[] { 0, 0 });
        }
        return path;
    }

    [Fact]
    public void Lost_characters_are_said() =>
        Assert.Equal("2 rows, columns text; 1 row holds U+FFFD, which stands for characters that were lost", Open("a.csv", "caf\uFFFD\ncafé\n", "text").Said);

    [Theory]
    [InlineData("stsb_dev.csv", 1500, "text", "text", "score")]
    [InlineData("sst2_dev.tsv", 872, "label", "text")]
    public void Real_tables_are_read(string name, int rows, params string[] columns)
    {
        var path = SharedData.Require("data", "text", name);

        var table = TextTable.Open(path, columns);

        Assert.Equal(rows, table.Rows.Count);
        Assert.Equal(File.ReadAllLines(path, Encoding.UTF8).Length, table.Rows.Count);
        Assert.DoesNotContain(table.Rows, row => row.First.Length == 0);
    }
}
