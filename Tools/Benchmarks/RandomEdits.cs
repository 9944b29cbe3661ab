using System.Globalization;
using OnnxEdit.Engine.Editing;
using OnnxEdit.Kernels.RandomNumbers;

namespace OnnxEdit.Benchmarks;

/// <summary>
/// Edits of test images to random classes, one at a time from the original model: drawdown (points of accuracy lost on
/// 1,000 other test images, signed, mean and standard error over the edits), success, steps, and how many unseen views
/// of the image follow.
/// </summary>
static class RandomEdits
{
    const int Evaluated = 1000, Kept = 4000;

    /// <summary>Runs: model, number of edits, editors (patch, last, or NAME:STEP:LAYERS such as rmsprop:1e-4:layer3, STEP auto for the default), other test images.</summary>
    public static int Run(string[] args)
    {
        var (name, count) = (args[0], int.Parse(args[1], CultureInfo.InvariantCulture));
        var evaluated = args.Length > 3 ? int.Parse(args[3], CultureInfo.InvariantCulture) : Evaluated;
        var model = SharedCifar.Model(name);
        var data = SharedCifar.Data(name, 0, Kept, count + evaluated);
        var random = new Philox4x32(1, 0);
        EditRequest[] requests = [.. Enumerable.Range(0, count).Select(i => new EditRequest($"{i}", data.Test!, i, random.NextInt(10)))];
        Console.WriteLine($"{name}, {count} edits, {evaluated} other test images, {Kept} images to keep answers on");
        Console.WriteLine("| editor | drawdown, points | success, % | steps | views that follow, % | changed, % | seconds an edit |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        foreach (var editor in args.Length > 2 ? args[2].Split(',') : ["patch", "last"])
        {
            var s = ModelEditor.Measure(model, data, requests, Options(editor.Split(':', 3)));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {editor} | {s.Drawdown.Mean:F2} ± {s.Drawdown.StandardError:F2} | {100 * s.Success:F1} | {s.Steps:F2} | {100 * s.Generality:F0} | {100 * s.Changed:F2} | {s.Seconds:F4} |"));
        }
        return 0;
    }

    /// <summary>An editor as it is named here.</summary>
    internal static EditOptions Options(string[] editor) => new()
    {
        Editor = editor[0],
        StepSize = editor.Length < 2 || editor[1] == "auto" ? null : double.Parse(editor[1], CultureInfo.InvariantCulture),
        Layers = editor.ElementAtOrDefault(2),
    };
}
