using System.Text;
using Google.Protobuf;
using OnnxEdit.Engine.Data.Arrays;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>Data that is damaged, or belongs to another model, as users meet it: one sentence with the place and what to do, or the right treatment, said.</summary>
public sealed class TaskDataTests(TaskExamples examples) : IClassFixture<TaskExamples>
{
    [Theory]
    [InlineData("text,label\ngood rain,1\nbad wind\n", "", 4, "Line 3 of 'bad.csv' has 1 column, where line 1 has 2")]
    [InlineData("text,label\ngood ra\u00ff,1\n", "", 4, "Line 2 of 'bad.csv' is not UTF-8: byte 19 of the file is 0xFF")]
    [InlineData("", "", 4, "'bad.csv' is empty; write a row for each item")]
    [InlineData("text,label\n", "", 4, "'bad.csv' has names of columns but no rows")]
    [InlineData("good rain,positive\nbad wind,negative\n", "", 2, "'bad.csv' has 2 columns without names; say what they hold with --columns, e.g. text,label")]
    [InlineData("good rain,positive\nbad wind,negative\n", "--columns text,label,score", 4, "Line 1 of 'bad.csv' has 2 columns, and --columns names 3")]
    [InlineData("good rain,positive\nbad wind,negative\n", "--columns text,lable", 2, "--columns holds 'lable'; a column is text, score, label, tags, value, or - for none")]
    [InlineData("good rain,positive\nbad wind,negative\n", "--columns -,label", 2, "--columns names no text column")]
    [InlineData("text,label\ngood rain,1\n", "--columns text=text,class=label", 2, "'bad.csv' has no column 'class'; it has text, label")]
    [InlineData("text,label\ngood rain,9\nbad wind,1\n", "", 4, "'bad.csv' has the label 9 (item 0) but the model has 2 outputs, counted from 0")]
    [InlineData("text,label\ngood rain,1\nbad wind,\n", "", 4, "Line 3 of 'bad.csv' has no label; give it one or leave the row out")]
    [InlineData("text,label\ngood rain,1\nbad wind,worse\n", "", 4, "Line 3 of 'bad.csv' has the label 'worse' where line 2 of 'bad.csv' has the number 1")]
    [InlineData("text,score\ngood rain,high\n", "", 4, "Line 2 of 'bad.csv' has the score 'high', which is no number")]
    [InlineData("text,tags\ngood rain,O B-WEATHER O\n", "", 4, "Line 2 of 'bad.csv' has 2 words and 3 tags; give one tag for each word")]
    [InlineData("text,text,tags\na,b,O\n", "--columns text,text,tags", 2, "Tags belong to the words of one text; name one text column with --columns")]
    public void A_table_is_refused_with_the_line_that_is_wrong(string table, string options, int exitCode, string expected)
    {
        // Latin-1, so that a byte that is no UTF-8 can stand in a row above.
        File.WriteAllBytes(At("bad.csv"), Encoding.Latin1.GetBytes(table));
        Refused($"sentiment.onnx --data bad.csv {options}", exitCode, expected);
    }

    [Theory]
    [InlineData("[PAD]\n[UNK]\n[CLS]\n[SEP]\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n21\n22\n23\n24\n25\n26\n27\n28\n29\n30\n31\n32\n33\n34\n35\n36\n37\n38\n", "other.txt", "The tokenizer 'other.txt' has token ids up to 41, and the model has 41 tokens; it belongs to another model")]
    [InlineData("[PAD]\n[UNK]\n[CLS]\n[SEP]\nrain\n", "other.txt", "The tokenizer 'other.txt' has 5 tokens, and the model has 41; it belongs to another model")]
    [InlineData("rain\nwind\n", "other.txt", "'other.txt' is no BERT vocabulary: it has no line [UNK], [CLS], [SEP], [PAD]")]
    [InlineData("""{"model":{"type":"Unigram","vocab":[]}}""", "other.json", "'other.json' has the model Unigram, which is not supported")]
    [InlineData("{", "other.json", "'other.json' is not a readable tokenizer.json")]
    public void A_tokenizer_that_does_not_fit_is_refused(string content, string name, string expected)
    {
        File.WriteAllText(At(name), content);
        Refused($"encoder.onnx --data pairs.csv --tokenizer {name}", 4, expected);
    }

    [Theory]
    [InlineData("sentiment.onnx --data reviews.csv --task clasification", 2, "--task takes classification or embedding or detection or sequence or dense or regression, not 'clasification'")]
    [InlineData("encoder.onnx --data pairs.csv --pool max", 2, "--pool takes mean or first or none, not 'max'")]
    [InlineData("encoder.onnx --data pairs.csv --output nothing", 2, "The model has no tensor 'nothing'; its outputs are 'last_hidden_state'")]
    [InlineData("sentiment.onnx --data missing.csv", 4, "There is no file or folder 'missing.csv'; give --data an existing one")]
    [InlineData("sentiment.onnx --data vocab.txt", 4, "so its data is texts (.csv, .tsv, .jsonl, .parquet), an .npz file with one array per input")]
    public void What_does_not_exist_is_named(string commandLine, int exitCode, string expected) => Refused(commandLine, exitCode, expected);

    [Theory]
    [InlineData("eval sentiment.onnx --data reviews.csv --task detection", 3, "The model cannot be measured as detection: it takes 'input_ids' [N,tokens] and 'attention_mask' [N,tokens], and a detector takes one picture")]
    [InlineData("eval sentiment.onnx --data reviews.csv --task dense", 3, "The model cannot be measured as dense: it takes no picture")]
    [InlineData("eval detector.onnx --data signs --mean 0 --std 1 --task embedding", 3, "The model cannot be measured as embedding: it returns no vector per item and none per token of it")]
    [InlineData("eval reader.onnx --data plates --mean 0 --std 1", 3, "The data is labelled for sequence, and the model cannot be measured as sequence: it returns characters by number, and no list of characters is known; name it with --alphabet")]
    [InlineData("eval reader.onnx --data plates --mean 0 --std 1 --alphabet vocab.txt", 3, "it tells 5 classes apart at each position, but 'vocab.txt' lists 41 characters")]
    [InlineData("eval encoder.onnx --data sentences.csv --columns text", 4, "The data holds no labels that a model is measured on as embedding")]
    [InlineData("finetune encoder.onnx --data pairs.csv --steps 5 -o made.onnx", 2, "A model that is measured as embedding is trained on a teacher's answers; give one with --teacher.")]
    [InlineData("deploy sentiment.onnx --data reviews.csv --to store --name m --require spearman=80", 2, "There is no metric 'spearman' of a model that is measured as classification; it has accuracy")]
    [InlineData("deploy encoder.onnx --data pairs.csv --to store --name m --require-accuracy 80", 2, "There is no metric 'accuracy' of a model that is measured as embedding; it has spearman")]
    [InlineData("deploy sentiment.onnx --data reviews.csv --to store --name m --require accuracy", 2, "--require takes a metric and its limit, each metric once, such as spearman=85, not 'accuracy'")]
    [InlineData("deploy encoder.onnx --data pairs.csv --to store --name m --require spearman=90", 5, "The model is not deployed: spearman is 83.98 % on 600 test items and 90.00 % are required")]
    public void What_a_model_is_not_made_for_is_refused(string commandLine, int exitCode, string expected)
    {
        Assert.Contains(expected, CliRunner.Run(commandLine, examples.Folder).ExpectError(exitCode), StringComparison.Ordinal);
        // A repository that nothing was published in holds nothing but its lock.
        Assert.False(File.Exists(At("made.onnx")));
        Assert.Empty(Directory.Exists(At("store")) ? Directory.GetDirectories(At("store")) : []);
    }

    [Fact]
    public void Pictures_that_COCO_lists_and_boxes_outside_of_them_are_said()
    {
        Coco("coco", """[{"id":1,"file_name":"000.png","width":64,"height":64},{"id":2,"file_name":"lost.png","width":64,"height":64}]""",
            Object(1, 1, "[0,0,8,8]"), Object(2, 1, "[60,60,20,8]"), Object(3, 1, "[160,60,20,8]"), Object(4, 2, "[0,0,8,8]"));
        var said = Eval("coco").Expect(0).StdErr;
        foreach (var treated in (string[])["1 of 2 pictures that annotations.json lists are missing and left out, 'lost.png' for one", "1 box cut to the picture", "1 box without any area in the picture left out"])
            Assert.Contains(treated, said, StringComparison.Ordinal);

        Coco("lost", """[{"id":1,"file_name":"lost.png","width":64,"height":64}]""", Object(1, 1, "[0,0,8,8]"));
        Assert.Contains("None of the 1 pictures that 'lost/annotations.json' lists is there, 'lost.png' for one; put them beside it or in images/", Eval("lost").ExpectError(4), StringComparison.Ordinal);
        Coco("other", """[{"id":1,"file_name":"000.png","width":640,"height":480}]""", Object(1, 1, "[0,0,8,8]"));
        Assert.Contains("is 64x64 but its labels are for a picture of 480x640", Eval("other").ExpectError(4), StringComparison.Ordinal);
        File.WriteAllText(At("other/annotations.json"), "{");
        Assert.Contains("'other/annotations.json' is not readable as JSON", Eval("other").ExpectError(4), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_of_labels_may_be_empty_but_not_all_of_them()
    {
        Directory.CreateDirectory(At("yolo/images"));
        Directory.CreateDirectory(At("yolo/labels"));
        foreach (var picture in (string[])["000", "001", "002"])
        {
            File.Copy(At($"signs/images/{picture}.png"), At($"yolo/images/{picture}.png"));
            File.WriteAllText(At($"yolo/labels/{picture}.txt"), "");
        }
        Assert.Contains("None of the pictures has a labelled object that counts", Eval("yolo").ExpectError(4), StringComparison.Ordinal);
        File.Copy(At("signs/labels/000.txt"), At("yolo/labels/000.txt"), overwrite: true);
        Assert.Contains("map50 ", Eval("yolo").Expect(0).StdOut, StringComparison.Ordinal);
        File.WriteAllText(At("yolo/labels/001.txt"), "0 .5 .5 .1\n");
        Assert.Contains("Line 1 of 'yolo/labels/001.txt' is no object (CLASS X Y WIDTH HEIGHT, shares of the picture's size): it has 4 values", Eval("yolo").ExpectError(4), StringComparison.Ordinal);
        File.WriteAllText(At("yolo/labels/001.txt"), "7 .5 .5 .1 .1\n");
        Assert.Contains("The data has objects of class 7, counted from 0, in picture 1, but the model has 2 classes; translate with --labels DATA=OUTPUT", Eval("yolo").ExpectError(4), StringComparison.Ordinal);
    }

    [Fact]
    public void Numbers_of_a_table_are_compared_with_the_output()
    {
        File.WriteAllText(At("values.csv"), "good rain,1.5,0\nbad wind,0.5,1\ndull sun,0,2\n");
        Assert.Contains("3 items; regression: 'logits'", CliRunner.Run("eval sentiment.onnx --data values.csv --columns text,value,value", examples.Folder).Expect(0).StdOut, StringComparison.Ordinal);
        Assert.Contains("Item 0 is labelled with 1 number, but the output 'logits' holds 2", CliRunner.Run("eval sentiment.onnx --data values.csv --columns text,value,-", examples.Folder).ExpectError(4), StringComparison.Ordinal);
    }

    [Fact]
    public void Several_inputs_have_numbers_as_labels_too()
    {
        var b = new GraphBuilder(1);
        var sum = b.Op("ReduceSum", [b.Concat(1, b.Input("left", 4), b.Input("right", 3)), b.Integers("axes", 1)], [1, 1], "sum", node => node.Set("keepdims", 1L));
        File.WriteAllBytes(At("several.onnx"), b.Build(sum).ToByteArray());
        float[] left = [.. Enumerable.Range(0, 80).Select(i => i % 7)], right = [.. Enumerable.Range(0, 60).Select(i => i % 5)];
        using (var stream = File.Create(At("several.npz")))
        using (var npz = new NpzWriter(stream))
        {
            npz.Add("right", NpyArray.From<float>(right, 20, 3));
            npz.Add("left", NpyArray.From<float>(left, 20, 4));
            npz.Add("targets", NpyArray.From<float>([.. Enumerable.Range(0, 20).Select(row => left.Skip(4 * row).Take(4).Sum() + right.Skip(3 * row).Take(3).Sum() + 0.5f)], 20));
        }
        Assert.Contains("mae 0.50 +- 0.00, 20 items; regression: 'sum'", CliRunner.Run("eval several.onnx --data several.npz", examples.Folder).Expect(0).StdOut, StringComparison.Ordinal);
    }

    [Fact]
    public void Few_labels_that_are_all_right_are_not_doubted()
    {
        File.WriteAllText(At("two.csv"), "text,label\nthe rain was good,positive\nthe wind was awful,negative\n");
        Assert.DoesNotContain("warning", CliRunner.Run("eval sentiment.onnx --data two.csv", examples.Folder).Expect(0).StdErr, StringComparison.Ordinal);
    }

    string At(string name) => Path.Combine(examples.Folder, name);

    CliResult Eval(string data) => CliRunner.Run($"eval detector.onnx --data {data} --mean 0 --std 1", examples.Folder);

    // Alike by a command that measures and by one that writes, which then writes nothing.
    void Refused(string arguments, int exitCode, string expected)
    {
        string[] words = arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains(expected, CliRunner.Run([.. words.Prepend("eval")], examples.Folder).ExpectError(exitCode), StringComparison.Ordinal);
        Assert.Contains(expected, CliRunner.Run([.. words.Prepend("slim"), "--max-drop", "1", "-o", "refused.onnx"], examples.Folder).ExpectError(exitCode), StringComparison.Ordinal);
        Assert.False(File.Exists(At("refused.onnx")));
    }

    static string Object(int id, int picture, string box) => $$"""{"id":{{id}},"image_id":{{picture}},"category_id":1,"bbox":{{box}}}""";

    void Coco(string folder, string pictures, params string[] objects)
    {
        Directory.CreateDirectory(At(folder));
        File.Copy(At("signs/images/000.png"), At($"{folder}/000.png"));
        File.WriteAllText(At($"{folder}/annotations.json"), $$"""{"images":{{pictures}},"categories":[{"id":1,"name":"red"},{"id":2,"name":"blue"}],"annotations":[{{string.Join(',', objects)}}]}""");
    }
}
