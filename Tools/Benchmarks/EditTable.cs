using System.Diagnostics;
using System.Globalization;
using OnnxEdit.Engine;
using OnnxEdit.Kernels;
using OnnxEdit.Surgery;

namespace OnnxEdit.Benchmarks;

/// <summary>
/// Edits of test images to random classes, one at a time from the original model: drawdown (errors added on 1,000 other
/// test images, in points, signed, mean and standard error over the edits), success and mean steps.
/// </summary>
static class EditTable
{
    const int Evaluated = 1000;

    /// <summary>Runs: model, number of edits, editors ("local", or NAME:STEP:LAYERS such as RmsProp:1e-4:all, LAYERS being part of a weight's node name).</summary>
    public static int Run(string[] args)
    {
        var (name, count) = (args[0], int.Parse(args[1], CultureInfo.InvariantCulture));
        var model = SharedCifar.Model(name);
        var data = SharedCifar.Data(name, 0);
        var random = new Philox4x32(1, 0);
        var order = Enumerable.Range(0, data.Test!.Count).ToArray();
        random.Shuffle<int>(order);
        var (edited, other) = (data.Test.Select(order[..count]), data.Test.Select(order[count..(count + Evaluated)]));
        var targets = Enumerable.Range(0, count).Select(_ => random.NextInt(10)).ToArray();
        Console.WriteLine($"{name}, {count} edits, drawdown on {Evaluated} other test images");
        Console.WriteLine("| editor | drawdown, points | success, % | steps | seconds an edit |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (var editor in args.Length > 2 ? args[2].Split(',') : ["local"])
        {
            var (drawdown, outcomes, seconds) = editor == "local" ? Local(model, data, edited, other, targets) : Gradient(model, editor.Split(':'), edited, other, targets);
            var mean = drawdown.Average();
            var error = Math.Sqrt(drawdown.Sum(d => (d - mean) * (d - mean)) / Math.Max(1, count - 1) / count);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {editor} | {mean:F2} ± {error:F2} | {100.0 * outcomes.Count(o => o.Success) / count:F1} | {outcomes.Average(o => o.Steps):F2} | {seconds:F4} |"));
        }
        return 0;
    }

    static (double[] Drawdown, EditOutcome[] Outcomes, double Seconds) Local(OnnxModel model, ModelData data, ImageSet edited, ImageSet other, int[] targets)
    {
        var editor = LocalEditor.Create(model, data.Train!.Select([.. Enumerable.Range(0, 4000)]));
        float[][] Features(ImageSet images)
        {
            var rows = new float[images.Count][];
            editor.Read(images, (first, count, values) =>
            {
                for (var i = 0; i < count; i++) rows[first + i] = values.Slice(i * editor.Features, editor.Features).ToArray();
            });
            return rows;
        }
        var (own, rest) = (Features(edited), Features(other));
        double Errors() => 100.0 * rest.Select((f, i) => Best(editor.Logits(f)) != other.Label(i)).Count(e => e) / rest.Length;
        var before = Errors();
        var outcomes = new EditOutcome[targets.Length];
        var drawdown = new double[targets.Length];
        var watch = new Stopwatch();
        for (var i = 0; i < targets.Length; i++)
        {
            editor.Reset();
            watch.Start();
            outcomes[i] = editor.Edit(own[i], targets[i]);
            watch.Stop();
            drawdown[i] = Errors() - before;
        }
        return (drawdown, outcomes, watch.Elapsed.TotalSeconds / targets.Length);
    }

    static (double[] Drawdown, EditOutcome[] Outcomes, double Seconds) Gradient(OnnxModel model, string[] editor, ImageSet edited, ImageSet other, int[] targets)
    {
        var kind = Enum.Parse<Editor>(editor[0], ignoreCase: true);
        string[]? weights = null;
        if (editor[2] != "all")
            weights = [.. NormalisedModel.Create(model.Proto).Proto.Graph.Node.Where(n => n.Name.Contains(editor[2], StringComparison.Ordinal)).SelectMany(n => n.Input)];
        using var session = new GradientEditor(model, kind, double.Parse(editor[1], CultureInfo.InvariantCulture), weights);
        double Errors(OnnxModel m) => 100 - 100 * Evaluator.Evaluate(m, other).Top1;
        var before = Errors(model);
        var outcomes = new EditOutcome[targets.Length];
        var drawdown = new double[targets.Length];
        var image = new float[edited.ItemLength];
        var watch = new Stopwatch();
        for (var i = 0; i < targets.Length; i++)
        {
            edited.Fill(i, 1, image);
            watch.Start();
            outcomes[i] = session.Edit(image, targets[i]);
            watch.Stop();
            drawdown[i] = outcomes[i].Steps == 0 ? 0 : Errors(session.Edited()) - before;
        }
        return (drawdown, outcomes, watch.Elapsed.TotalSeconds / targets.Length);
    }

    static int Best(double[] logits) => Array.IndexOf(logits, logits.Max());
}
