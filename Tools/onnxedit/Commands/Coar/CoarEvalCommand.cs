using System.CommandLine;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Attribution;
using OnnxEdit.Surgery;

namespace OnnxEdit.Cli;

/// <summary>Says how well attributions predict fresh ablations.</summary>
sealed class CoarEvalCommand : CliCommand
{
    readonly Argument<string> _file = new("attributions") { Description = "A file that 'onnxedit coar' wrote" };
    readonly ModelAndDataOptions _inputs = new(hasCalibration: false);
    readonly Option<int> _masks = Numbers.Whole("--masks", 2, 1_000_000, 100, "Fresh random masks for each share");
    readonly Option<float[]?> _alphas = Numbers.Floats("--alphas", "Shares of components that they ablate [default: the one the attributions were made at, and half of it]");

    readonly Option<string?> _plot = new("--plot") { Description = "Also draw actual over predicted changes, a PNG", HelpName = "FILE" };

    internal CoarEvalCommand() : base(
        "eval",
        "Ablates components at random and correlates, for every example, what its answer does with what its scores predict. For models that are no classifiers, also measures what their metric loses without the least and most important components.",
        "onnxedit coar eval model.coar.safetensors model.onnx --data cifar10 --mean .485,.456,.406 --std .229,.224,.225",
        "onnxedit coar eval model.coar.safetensors --masks 200 --alphas 0.05,0.1,0.15")
    {
        Arguments.Add(_file);
        _inputs.AddTo(this);
        Options.Add(_masks);
        Options.Add(_alphas);
        Options.Add(_plot);
    }

    internal override void Execute(CommandContext context)
    {
        if (context.Get(_plot) is { } drawing) OutputTarget.Require(drawing, context.Global.Force);
        var attributions = Attributions.Load(context.Get(_file)!);
        var given = _inputs.Resolve(context);
        var options = attributions.Options(given.Model, given.Output) with { Alphabet = given.Alphabet };
        // As the file says where it is of a task's own answers; else as the call.
        var inputs = attributions.Task is null ? given : given with { Task = options.Task, Pooling = options.Pooling };
        inputs.RequireExplainable();
        if (attributions.Task is null) options = options with { Task = given.Task };
        // Drawn as they were, whatever the seed of this call.
        var (images, _, _) = ExampleOptions.Open(context, inputs with { Seed = options.Seed }, attributions.Scores.Count, attributions.Facts.GetValueOrDefault("from", ExampleOptions.Test));
        double[] alphas = context.GetList(_alphas) is { } shares ? Array.ConvertAll(shares, a => Math.Round(a, 6)) : [options.Alpha, options.Alpha / 2];
        if (!alphas.All(a => a is > 0 and < 1)) throw new OnnxEngineException(ErrorKind.Usage, "--alphas takes numbers greater than 0 and less than 1.");
        // Masks of the evaluation are none of those that were fitted to: their stream is another one.
        var (found, metrics) = context.Output.Track(progress =>
        {
            using var session = AttributionSession.Open(inputs.Model, images, options, progress, context.Cancellation);
            return (alphas.Select(alpha => session.Evaluate([attributions], alpha, context.Get(_masks))[0]).ToArray(), session.Measure(attributions, alphas));
        });
        if (context.Get(_plot) is { } path) AttributionPlot.Calibration(path, found, context.Global.Force);
        AttributionTable.WriteEvaluation(context, attributions, found, metrics);
    }
}
