using System.Globalization;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Editing;
using OnnxEdit.Engine.Editing.Editors;
using OnnxEdit.Engine.Edits;
using OnnxEdit.Kernels.RandomNumbers;

namespace OnnxEdit.Benchmarks;

/// <summary>
/// Step sizes of the gradient editors: for each the smallest of 1, 1.5, 2, 3, 5, 7, 10 ... that gives at least 95 % of the images
/// their class, and whether the next larger one costs less. On validation images, which the tables are not made on.
/// </summary>
static class EditSweep
{
    const double Wanted = 0.95;

    /// <summary>Runs: model, edits, other images, editors, layers separated by semicolons.</summary>
    public static int Run(string[] args)
    {
        int Whole(int at, int otherwise) => args.Length > at ? int.Parse(args[at], CultureInfo.InvariantCulture) : otherwise;
        var (name, count, others) = (args[0], Whole(1, 30), Whole(2, 500));
        var editors = args.Length > 3 ? args[3].Split(',') : [.. ImageEditors.Table.Rows.Where(row => row.Steps is not null).Select(row => row.Name)];
        var layers = args.Length > 4 ? args[4].Split(';') : ["all", "layer3", "extra"];
        var model = SharedCifar.Model(name);
        var images = SharedCifar.Data(name, 0, 100).Validation!.Select([.. Enumerable.Range(0, count + others)]);
        var data = new ModelData("validation images") { Test = images };
        var random = new Philox4x32(2, 0);
        EditRequest[] requests = [.. Enumerable.Range(0, count).Select(i => new EditRequest($"{i}", images, i, random.NextInt(10)))];
        Console.WriteLine($"{name}, {count} edits, {others} other validation images");
        Console.WriteLine("| layers | editor | step size | drawdown, points | success, % | steps |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var part in layers)
        {
            using var scope = EditScope.Of(EditDraft.Of(model), part, null);
            var read = scope.Read(images.Select([.. Enumerable.Range(0, count)]), default);
            foreach (var editor in editors)
            {
                var least = double.PositiveInfinity;
                foreach (var size in Grid().SkipWhile(s => Success(scope, editor, s, read, requests) < Wanted).Take(2))
                {
                    var step = size.ToString(CultureInfo.InvariantCulture);
                    var s = ModelEditor.Measure(model, data, requests, RandomEdits.Options([editor, step, part]));
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {part} | {editor} | {step} | {s.Drawdown.Mean:F2} ± {s.Drawdown.StandardError:F2} | {100 * s.Success:F1} | {s.Steps:F2} |"));
                    if (s.Drawdown.Mean > least) break;
                    least = s.Drawdown.Mean;
                }
            }
        }
        return 0;
    }

    static IEnumerable<double> Grid() => Enumerable.Range(-6, 7).SelectMany(e => (double[])[1, 1.5, 2, 3, 5, 7], (e, m) => double.Parse(string.Create(CultureInfo.InvariantCulture, $"{m}e{e}"), CultureInfo.InvariantCulture));

    // Gives up as soon as too many have failed.
    static double Success(EditScope scope, string kind, double stepSize, ItemSet images, EditRequest[] requests)
    {
        using var editor = GradientEditor.Create(scope.Suffix, ImageEditors.Table.Of(kind).Steps!, stepSize, scope.Weights);
        var (image, failed) = (new float[images.ItemLength], 0);
        for (var i = 0; i < requests.Length && failed <= (1 - Wanted) * requests.Length; i++)
        {
            images.Fill(i, 1, image);
            if (!editor.Edit(image, requests[i].Label).Success) failed++;
        }
        return 1 - failed / (double)requests.Length;
    }
}
