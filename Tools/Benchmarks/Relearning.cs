using System.Globalization;
using OnnxEdit.Engine.Unlearning;

namespace OnnxEdit.Benchmarks;

/// <summary>How fast a forgotten class is learned again from labelled images, by method of forgetting.</summary>
static class Relearning
{
    /// <summary>Runs: model, class, steps.</summary>
    public static int Run(string[] args)
    {
        var (source, @class, steps) = (SharedCifar.Model(args[0]), Whole(args[1]), Whole(args[2]));
        var data = UnlearnData.Of(SharedCifar.Data(args[0], 0));
        UnlearnMethod[] methods = [UnlearnMethod.Refit, UnlearnMethod.DisceditU];
        var curves = methods.Select(method =>
        {
            var options = new UnlearnOptions { Classes = [@class], Method = method };
            return RelearningCurve.Measure(source, Unlearner.Unlearn(source, data, options).Model, data, [@class], steps, options);
        }).ToArray();
        Console.WriteLine($"{args[0]}, class {@class}, accuracy % on its test images, seed 0");
        Console.WriteLine($"| steps on labels | {string.Join(" | ", methods)} | original, row of the head random |");
        Console.WriteLine($"|---|{string.Concat(methods.Select(_ => "---|"))}---|");
        for (var i = 0; i < curves[0].Count; i++)
            Console.WriteLine($"| {curves[0][i].Step} | {string.Join(" | ", curves.Select(c => Percent(c[i].Edited)))} | {Percent(curves[0][i].Original)} |");
        return 0;
    }

    static string Percent(double share) => (100 * share).ToString("F1", CultureInfo.InvariantCulture);

    static int Whole(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
