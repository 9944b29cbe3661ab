using System.CommandLine;
using System.Globalization;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Cli;

/// <summary>Times one model, or two in turns.</summary>
sealed class BenchCommand : CliCommand
{
    readonly Argument<string> _first = new("A.onnx") { Description = "The model to time, or to compare with" };
    readonly Argument<string?> _second = new("B.onnx") { Description = "Another model, timed in turns with the first", Arity = ArgumentArity.ZeroOrOne };
    readonly Option<int[]?> _batches = Numbers.Sizes("--batch", ',', "1,32", "Batch sizes [default: 1,32]");
    readonly Option<string[]> _shapes = InputShapeOption.Create();
    readonly Option<double> _seconds = Numbers.Positive("--seconds", 2, "Seconds for each model and batch size at least");

    internal BenchCommand() : base(
        "bench",
        "Times a model, or two models in turns: median milliseconds, and the speed-up with its spread.",
        "onnxedit bench model.onnx model.slim.onnx",
        "onnxedit bench model.onnx --batch 1,8,64 --threads 1")
    {
        Arguments.Add(_first);
        Arguments.Add(_second);
        Options.Add(_batches);
        Options.Add(_shapes);
        Options.Add(_seconds);
    }

    internal override void Execute(CommandContext context)
    {
        var first = context.Load(context.Get(_first)!);
        var second = context.Get(_second) is { } path ? context.Load(path) : null;
        var defaults = new LatencyOptions();
        var options = defaults with
        {
            BatchSizes = context.GetList(_batches) ?? defaults.BatchSizes,
            MinimumSeconds = context.Get(_seconds),
            MaximumSeconds = Math.Max(defaults.MaximumSeconds, context.Get(_seconds)),
            InputShapes = InputShapeOption.Complete(context, _shapes, first),
        };
        var results = context.Output.Track(progress => LatencyComparison.Measure(first, second, options, progress, context.Cancellation));
        var missing = results.Count == 1 && LatencyComparison.HasFixedBatch(first) ? [] : options.BatchSizes.Except(results.Select(result => result.Batch)).ToArray();
        if (missing.Length > 0) context.Output.Warn($"not timed at batch {string.Join(", ", missing)}: the model does not run there.");
        if (context.Global.Json)
            context.Output.Json("bench", 1, Fields(first, second, context.Global.Threads, results));
        else
            WriteTable(context, results);
    }

    static void WriteTable(CommandContext context, IReadOnlyList<LatencyResult> results)
    {
        var isPair = results[0].Second is not null;
        var table = isPair
            ? new ResultTable("batch", "A ms", "B ms", "speed-up", "middle half", "pairs")
            : new ResultTable("batch", "ms", "middle half", "items/s", "runs");
        foreach (var result in results)
        {
            var batch = result.Batch.ToString(CultureInfo.InvariantCulture);
            if (result is { PairedSecond: { } second, SpeedUp: { } speedUp })
                table.Row(
                    batch, Figures.Milliseconds(result.First.Median), Figures.Milliseconds(second), result.IsSteady ? Figures.Ratio(speedUp.Median) : "unsteady",
                    $"{Figures.Ratio(speedUp.Lower)} - {Figures.Ratio(speedUp.Upper)}", Figures.Count(result.Pairs));
            else
                table.Row(
                    batch, Figures.Milliseconds(result.First.Median),
                    $"{Figures.Milliseconds(result.First.Lower)} - {Figures.Milliseconds(result.First.Upper)}",
                    Figures.Count((long)(1000 * result.Batch / result.First.Median)), Figures.Count(result.Pairs));
        }

        context.Output.Table(table);
        var threads = context.Global.Threads;
        context.Output.Line($"ONNX Runtime {OrtRuntime.Version}, CPU, {(threads > 0 ? $"{threads}" : "all")} threads. Medians; 'middle half' lies between the quartiles.{(isPair ? " B ms: A ms over the speed-up, which is the median of pairs." : "")}");
    }

    static object Fields(OnnxModel first, OnnxModel? second, int threads, IReadOnlyList<LatencyResult> results) => new
    {
        A = first.Path,
        B = second?.Path,
        Threads = threads,
        Runtime = OrtRuntime.Version,
        Results = results.Select(result => new
        {
            result.Batch,
            result.Pairs,
            AMilliseconds = result.First,
            BMilliseconds = result.Second,
            result.SpeedUp,
        }),
    };
}
