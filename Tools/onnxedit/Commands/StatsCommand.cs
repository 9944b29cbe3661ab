using System.CommandLine;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Statistics;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Channels;

namespace OnnxEdit.Cli;

/// <summary>Measures a model on its calibration images and writes a .moments bundle.</summary>
sealed class StatsCommand : CliCommand
{
    readonly ModelAndDataOptions _inputs = new(hasCalibration: true);
    readonly Option<string?> _target = new("--out", "-o") { Description = "Where to write [default: NAME.moments beside the model]", HelpName = "FILE" };

    internal StatsCommand() : base(
        "stats",
        "Measures a model on calibration images and writes the sums into a .moments file, from which slim can work where the data is not at hand. No image is in it.",
        "onnxedit stats model.onnx --data cifar10 -o model.moments",
        "onnxedit stats model.onnx --calibration 5000 --force")
    {
        _inputs.AddTo(this);
        Options.Add(_target);
    }

    internal override void Execute(CommandContext context)
    {
        var inputs = _inputs.Resolve(context).WithSizes(context.Output);
        inputs.RequireClassifier();
        var path = context.Get(_target) ?? Path.ChangeExtension(inputs.Path, ".moments");
        OutputTarget.Require(path, inputs.Model, context.Global.Force);
        var data = (inputs with { IsValidated = false }).OpenData(context.Output);
        var images = data.Calibration ?? throw new OnnxEngineException(ErrorKind.Data, "The data has no training images to measure on; name some with --data.");
        DataMatch.Require(inputs, images, context.Cancellation, mayGuess: true);
        var statistics = context.Output.Track(progress => Collect(context, inputs, images, data.ClassNames, progress));
        MomentsBundle.Write(path, statistics, context.Global.Force);
        Report(context, inputs.Path, path, statistics);
    }

    static CalibrationStatistics Collect(
        CommandContext context, ModelAndData inputs, ItemSet images, IReadOnlyList<string>? names, IProgress<WorkProgress> progress)
    {
        var analysis = ChannelAnalysis.Of(DataShapes.Normalised(inputs.Model.Proto, inputs.InputShapes, images));
        var options = new StatisticsOptions { Output = inputs.Output, Seed = context.Global.Seed, ClassNames = names };
        var statistics = CalibrationStatistics.Collect(inputs.Model, analysis, images, options, progress, context.Cancellation);
        return statistics.Points.Count + statistics.UnitCount > 0 ? statistics : throw new OnnxEngineException(
            ErrorKind.TargetNotReached, $"No channel of '{inputs.Path}' can be removed, so there is nothing to measure.");
    }

    static void Report(CommandContext context, string model, string path, CalibrationStatistics statistics)
    {
        var bytes = new FileInfo(path).Length;
        if (context.Global.Json)
        {
            context.Output.Json("stats", 1, new
            {
                Model = model,
                statistics.ModelSha256,
                Moments = path,
                Bytes = bytes,
                statistics.Images,
                Labels = Words.Of(statistics.Labels),
                statistics.ClassCounts,
                Points = statistics.Points.Count,
                Units = statistics.UnitCount,
                statistics.Skipped,
            });
            return;
        }

        context.Output.Line($"measured {Figures.Count(statistics.Points.Count)} points and {Figures.Count(statistics.UnitCount)} units on {statistics.Description}");
        foreach (var skipped in statistics.Skipped)
            context.Output.Line($"left out {skipped.Node}: {skipped.Reason}");
        context.Output.Line($"wrote {path}, {Figures.Count(bytes)} bytes");
    }
}
