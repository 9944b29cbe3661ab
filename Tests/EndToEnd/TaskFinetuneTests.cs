using System.Text.Json;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>Slim models of docs/tasks.md that are no classifiers learn from the original, and what was measured stands under its own name.</summary>
public sealed class TaskFinetuneTests(TaskExamples examples) : IClassFixture<TaskExamples>
{
    CliResult Run(string arguments) => CliRunner.Run(arguments.Split(' '), examples.Folder);

    string Slim(string model, string data, string sparsity = "0.4")
    {
        var slim = $"{Guid.NewGuid():N}.onnx";
        Run($"slim {model}.onnx {data} --sparsity {sparsity} --recovery none --align 1 -o {slim}").Expect(0);
        return slim;
    }

    static double[] Values(JsonElement json, string name) => [.. json.GetProperty("curve").EnumerateArray().Select(point => point.TryGetProperty("metric", out var metric) && metric.GetProperty("name").GetString() == name ? metric.GetProperty("value").GetDouble() : double.NaN)];

    [Theory]
    [InlineData("encoder", "0.4", "--data pairs.csv", "embedding", "spearman", false)]
    [InlineData("encoder", "0.4", "--data sentences.csv --columns text", "embedding", "cosine", true)]
    [InlineData("segmenter", "0.4", "--data leaves --mean 0 --std 1", "dense", "miou", false)]
    [InlineData("segmenter", "0.4", "--data photos --mean 0 --std 1", "dense", "miou", true)]
    [InlineData("detector", "0.15", "--data signs --mean 0 --std 1", "detection", "map50", false)]
    [InlineData("reader", "0.8", "--data plates --mean 0 --std 1 --alphabet digits.txt", "sequence", "exact", false)]
    [InlineData("tagger", "0.4", "--data tagged.tsv --alphabet entities.txt", "sequence", "f1", false)]
    [InlineData("prices", "0.9", "--data houses.npz --task regression", "regression", "r2", false)]
    public void A_slim_model_learns_from_the_original(string model, string sparsity, string data, string task, string metric, bool isAgreement)
    {
        var slim = Slim(model, data, sparsity);
        var json = Run($"finetune {slim} --teacher {model}.onnx {data} --optimiser adam --step-size 0.003 --steps 40 --batch 8 --looks 4 -o tuned-{slim} --json").Expect(0).Json();
        Assert.Equal((task, isAgreement), (json.GetProperty("task").GetString(), json.GetProperty("isAgreement").GetBoolean()));
        double[] losses = [.. json.GetProperty("curve").EnumerateArray().Select(point => point.GetProperty("validation").GetDouble())];
        Assert.True(losses.Min() < 0.995 * losses[0], string.Join(' ', losses));
        Assert.All(Values(json, metric), value => Assert.True(double.IsFinite(value)));
        var main = json.GetProperty("metrics")[0];
        Assert.Equal(metric, main.GetProperty("name").GetString());
        Assert.True(main.GetProperty("after").GetDouble() >= main.GetProperty("before").GetDouble(), json.GetRawText());
        var history = CliRunner.Run(["inspect", $"tuned-{slim}", "--json"], examples.Folder).Expect(0).Json().GetProperty("history")[1];
        Assert.Equal(task, history.GetProperty("options").GetProperty("task").GetString());
    }

    [Fact]
    public void Looks_tables_and_curves_speak_of_the_metric()
    {
        var slim = Slim("encoder", "--data pairs.csv");
        var text = Run($"finetune {slim} --teacher encoder.onnx --data pairs.csv --steps 10 --batch 8 --looks 2 -o tuned.onnx --curve curve.png --checkpoint state").Expect(0).StdOut;
        Assert.Contains("validation spearman %", text, StringComparison.Ordinal);
        Assert.Matches(@"\n +spearman % +[\d.]+ +[\d.]+\n", text);
        Assert.Matches(@"\nspearman [-+]?[\d.]+ ±\u00a0[\d.]+ points \(standard error paired over 120 test items\); embedding: the mean over positions of 'last_hidden_state'\n", text);
        Assert.Contains("10 steps of 8 items on the teacher's answers", text, StringComparison.Ordinal);
        Assert.DoesNotContain("top-1", text, StringComparison.Ordinal);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], File.ReadAllBytes(Path.Combine(examples.Folder, "curve.png"))[..4]);
        // The state of a training that is over says the same of it.
        var again = Run($"finetune {slim} --teacher encoder.onnx --data pairs.csv --steps 10 --batch 8 --looks 2 -o again.onnx --resume state").Expect(0).StdOut;
        Assert.Equal(text[..text.IndexOf("10 steps", StringComparison.Ordinal)], again[..again.IndexOf("10 steps", StringComparison.Ordinal)]);
        Assert.Equal(File.ReadAllBytes(Path.Combine(examples.Folder, "tuned.onnx")), File.ReadAllBytes(Path.Combine(examples.Folder, "again.onnx")));
    }

    [Fact]
    public void Numbers_are_learned_without_a_teacher()
    {
        var slim = Slim("prices", "--data houses.npz --task regression", "0.9");
        var json = Run($"finetune {slim} --data houses.npz --task regression --optimiser adam --step-size 0.01 --steps 60 --batch 16 -o learned.onnx --json").Expect(0).Json();
        var r2 = json.GetProperty("metrics")[0];
        Assert.True(r2.GetProperty("after").GetDouble() > r2.GetProperty("before").GetDouble(), json.GetRawText());
        Assert.Contains("on numbers", json.GetProperty("basis").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pairs.csv", "spearman")]
    [InlineData("sentences.csv --columns text", "cosine")]
    public void Slim_fine_tunes_what_it_made(string data, string metric)
    {
        var json = Run($"slim encoder.onnx --data {data} --sparsity 0.4 --recovery none --align 1 --finetune 60 -o both-{metric}.onnx --json").Expect(0).Json();
        var training = json.GetProperty("finetuning");
        Assert.Equal(60, training.GetProperty("steps").GetInt32());
        Assert.All(Values(training, metric), value => Assert.True(double.IsFinite(value)));
        var text = Run($"slim encoder.onnx --data {data} --sparsity 0.4 --recovery none --align 1 --finetune 60 -o text-{metric}.onnx").Expect(0).StdOut;
        var rows = text.Split('\n').SkipWhile(line => !line.StartsWith($"  {metric} %", StringComparison.Ordinal)).Take(2).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^1]).ToArray();
        Assert.Contains("    before fine-tuning", text, StringComparison.Ordinal);
        var eval = metric == "spearman" ? json.GetProperty("metrics")[0].GetProperty("after").GetDouble() : json.GetProperty("agreement").GetProperty("metrics")[0].GetProperty("value").GetDouble();
        // What stands in the first row is the fine-tuned model.
        Assert.Equal(100 * eval, double.Parse(rows[0], System.Globalization.CultureInfo.InvariantCulture), 0.006);
        Assert.True(double.Parse(rows[0], System.Globalization.CultureInfo.InvariantCulture) > double.Parse(rows[1], System.Globalization.CultureInfo.InvariantCulture), text);
    }

    [Theory]
    [InlineData("finetune encoder.onnx --teacher encoder.onnx --data pairs.csv --mix 0.5", 2, "'input_ids' is int64; leave --mix away")]
    [InlineData("finetune segmenter.onnx --data leaves --mean 0 --std 1", 2, "A model that is measured as dense is trained on a teacher's answers; give one with --teacher.")]
    [InlineData("finetune prices.onnx --data random:64 --task regression", 2, "is trained on a teacher's answers or on numbers, and the data has none; give one with --teacher.")]
    [InlineData("finetune encoder.onnx --teacher segmenter.onnx --data pairs.csv", 3, "The teacher has 1 inputs and the model 2; give a teacher that takes what the model takes.")]
    [InlineData("finetune segmenter.onnx --teacher detector.onnx --data leaves --mean 0 --std 1 --batch 8", 3, "The teacher cannot be measured as dense")]
    [InlineData("finetune encoder.onnx --editable --data pairs.csv", 3, "The model cannot be used as a classifier")]
    public void What_cannot_be_done_is_said_and_leaves_no_file(string arguments, int code, string sentence)
    {
        var result = Run($"{arguments} -o none.onnx");
        Assert.True(code == result.ExitCode && result.StdErr.Contains(sentence, StringComparison.Ordinal), $"exit {result.ExitCode}: {result.StdErr}");
        Assert.False(File.Exists(Path.Combine(examples.Folder, "none.onnx")));
    }
}
