using System.Diagnostics;
using System.Globalization;
using OnnxEdit.Engine.Attribution;

namespace OnnxEdit.Benchmarks;

/// <summary>
/// How well attributions of test images predict 200 fresh ablations, against what they cost in forward passes an example (a
/// pass forward and backward counts 3): mean Pearson correlation with its 95 % interval over the examples.
/// </summary>
static class AttributionQuality
{
    const int FreshMasks = 200;

    /// <summary>Runs: model, examples, alpha, METHOD:BUDGET pairs with commas between them.</summary>
    public static int Run(string[] args)
    {
        var (name, count, alpha) = (args[0], int.Parse(args[1], CultureInfo.InvariantCulture), double.Parse(args[2], CultureInfo.InvariantCulture));
        var model = SharedCifar.Model(name);
        var images = SharedCifar.Data(name, 0, 100, count).Test!;
        List<(string Name, double Seconds, Attributions Result)> made = [];
        foreach (var pair in args[3].Split(','))
        {
            var parts = pair.Split(':');
            var options = new AttributionOptions { Method = parts[0], Budget = int.Parse(parts[1], CultureInfo.InvariantCulture), Alpha = alpha };
            var watch = Stopwatch.StartNew();
            using var session = AttributionSession.Open(model, images, options);
            var result = session.Attribute();
            made.Add((pair, watch.Elapsed.TotalSeconds, result));
            Console.Error.WriteLine($"{pair}: {watch.Elapsed.TotalSeconds:F0} s");
        }
        using var judge = AttributionSession.Open(model, images, new AttributionOptions { Alpha = alpha });
        var found = judge.Evaluate([.. made.Select(m => m.Result)], alpha, FreshMasks);
        Console.WriteLine($"{name}, {made[0].Result.Components.Count} components, {count} test images, alpha {alpha.ToString(CultureInfo.InvariantCulture)}, {FreshMasks} fresh masks, seed 0");
        Console.WriteLine("| method:budget | correlation | 95 % interval | slope | seconds |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (var ((pair, seconds, _), f) in made.Zip(found))
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {pair} | {f.Mean:F3} | {f.Mean - 1.96 * f.StandardError:F3} to {f.Mean + 1.96 * f.StandardError:F3} | {f.Slope:F2} | {seconds:F0} |"));
        return 0;
    }
}
