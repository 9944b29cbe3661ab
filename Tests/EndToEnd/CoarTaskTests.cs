using System.Text.Json;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>Models that are no classifiers are explained by how far they keep their own answers.</summary>
public sealed class CoarTaskTests(TaskExamples examples) : IClassFixture<TaskExamples>
{
    CliResult Run(string command) => CliRunner.Run(command.Split(' '), examples.Folder);

    string At(string name) => Path.Combine(examples.Folder, name);

    [Theory]
    [InlineData("encoder.onnx --data pairs.csv --components units", "embedding", "similarity", "spearman", 1.0)]
    [InlineData("encoder.onnx --data sentences.csv --columns text --components neurons --pool first", "embedding", "similarity", "cosine", 1.0)]
    [InlineData("detector.onnx --data signs --mean 0 --std 1", "detection", "score", "map50", null)]
    [InlineData("segmenter.onnx --data leaves --mean 0 --std 1", "dense", "margin", "miou", null)]
    [InlineData("reader.onnx --data plates --mean 0 --std 1 --alphabet digits.txt", "sequence", "margin", "exact", null)]
    [InlineData("prices.onnx --data houses.npz --task regression --components neurons", "regression", "value", "r2", null)]
    public void Attributions_predict_ablations_and_speak_of_the_task(string call, string task, string word, string metric, double? answer)
    {
        var file = $"{task}.{word}.{metric}.safetensors";
        var made = Run($"coar {call} --examples 24 --budget 240 -o {file} --force --json").Expect(0).Json();
        var facts = made.GetProperty("facts");
        Assert.Equal((task, word), (facts.GetProperty("task").GetString(), facts.GetProperty("answer").GetString()));
        if (answer is { } whole) Assert.Equal(whole, made.GetProperty("meanAnswer").GetDouble(), 1e-4);

        var said = facts.GetProperty("answer_is").GetString()!;
        var shown = Run($"coar show {file} --top 2");
        Assert.Contains($"({word})", shown.Expect(0).StdOut, StringComparison.Ordinal);
        Assert.Equal(said, Run($"coar show {file} --top 2 --json").Expect(0).Json().GetProperty("answer").GetString());

        // The task and the pooling are those of the file.
        var words = call.Split(' ');
        var again = string.Join(' ', words.Where((w, i) => w is not ("--components" or "--pool" or "--task") && (i == 0 || words[i - 1] is not ("--components" or "--pool" or "--task"))));
        var eval = Run($"coar eval {file} {again} --masks 30 --alphas 0.25 --json").Expect(0).Json();
        Assert.InRange(eval.GetProperty("alphas")[0].GetProperty("correlation").GetDouble(), 0.6, 1);
        var measured = eval.GetProperty("task");
        Assert.Equal((task, metric), (measured.GetProperty("name").GetString(), measured.GetProperty("metric").GetString()));
        var rows = measured.GetProperty("ablated").EnumerateArray().ToDictionary(row => row.GetProperty("which").GetString()!, row => row.GetProperty("value").GetDouble());
        Assert.Equal(["least important", "random", "most important"], rows.Keys);
        Assert.True(rows["least important"] >= rows["random"] && rows["random"] >= rows["most important"], measured.GetRawText());
        Assert.True(rows["most important"] < measured.GetProperty("whole").GetDouble(), measured.GetRawText());
    }

    [Fact]
    public void Tables_say_what_an_answer_is_and_what_the_metric_loses()
    {
        Assert.Contains("answer: similarity to the model's own answer, the mean over positions of 'last_hidden_state'; 1 for the model as it is (embedding)",
            Run("coar encoder.onnx --data pairs.csv --components neurons --examples 20 --budget 90 -o table.safetensors").Expect(0).StdOut, StringComparison.Ordinal);
        var eval = Run("coar eval table.safetensors encoder.onnx --data pairs.csv --masks 5").Expect(0).StdOut;
        foreach (var line in (string[])["spearman %", "least important 10 %", "random 5 %, mean of 5 draws", "spearman of 20 examples; embedding"]) Assert.Contains(line, eval, StringComparison.Ordinal);
        Assert.Contains("have no classes; leave --class away", Run("coar show table.safetensors --class 1").ExpectError(2), StringComparison.Ordinal);
        // Without labels of the task it is agreement with the model as it is, and says so.
        Assert.Contains("to the model as it is", Run("coar eval table.safetensors encoder.onnx --data sentences.csv --columns text --masks 5").Expect(0).StdOut, StringComparison.Ordinal);
    }

    [Fact]
    public void Machines_that_share_out_the_chunks_make_the_file_that_one_alone_makes()
    {
        const string Call = "encoder.onnx --data pairs.csv --components neurons --pool first --examples 40 --budget 120 --chunk 8";
        Run($"coar {Call} -o single.safetensors").Expect(0);
        Run($"coar plan {Call} -o run").Expect(0);
        Run("coar sample run --shard 1/2").Expect(0);
        Run("coar sample run --shard 0/2").Expect(0);
        Run("coar merge run").Expect(0);
        Run("coar fit run -o shared.safetensors").Expect(0);
        Assert.Equal(File.ReadAllBytes(At("single.safetensors")), File.ReadAllBytes(At("shared.safetensors")));
        using var manifest = JsonDocument.Parse(File.ReadAllText(At("run/manifest.json")));
        Assert.Equal("similarity", manifest.RootElement.GetProperty("answer").GetProperty("word").GetString());
        // Chunks of another answer are not mixed with these.
        Assert.Contains("Another run is planned", Run("coar encoder.onnx --data pairs.csv --components neurons --examples 40 --budget 120 --chunk 8 --run run -o other.safetensors").ExpectError(2), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("coar encoder.onnx --data pairs.csv --components neurons --answer logit", 2, "--answer logit is of classes")]
    [InlineData("coar tagger.onnx --data tagged.tsv --alphabet entities.txt --components units", 3, "no components of the kind units")]
    [InlineData("coar encoder.onnx --data pairs.csv --components heads", 3, "no components of the kind heads")]
    [InlineData("coar edit encoder.onnx --data pairs.csv --target random:5", 3, "cannot be used as a classifier")]
    [InlineData("coar edit prices.onnx --data houses.npz --task regression --target random:5", 3, "cannot be used as a classifier")]
    [InlineData("coar edit sentiment.onnx --data reviews.csv --task embedding --target random:5", 3, "one of embedding, which has no classes")]
    [InlineData("coar detector.onnx --data signs --mean 0 --std 1 --task sequence", 3, "cannot be measured as sequence")]
    public void What_cannot_be_done_is_said_and_leaves_no_file(string call, int code, string sentence)
    {
        Assert.Contains(sentence, Run($"{call} -o none").ExpectError(code), StringComparison.Ordinal);
        Assert.False(File.Exists(At("none")));
    }
}
