using System.CommandLine;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Attribution;
using OnnxEdit.Engine.Attribution.Runs;
using OnnxEdit.Surgery;

namespace OnnxEdit.Cli;

/// <summary>Plans attributions that many machines work on.</summary>
sealed class CoarPlanCommand : CliCommand
{
    readonly ModelAndDataOptions _inputs = new(hasCalibration: false);
    readonly ExampleOptions _examples = new();
    readonly AttributionSettings _settings = new();
    readonly Option<string?> _out = new("--out", "-o") { Description = "The folder to make, on a disk that all machines see", HelpName = "RUN" };

    internal CoarPlanCommand() : base(
        "plan",
        "Writes down, in a folder of its own, what has to be run for attributions, cut into chunks that machines can share out among them. Runs nothing.",
        "onnxedit coar plan model.onnx --data cifar10 --mean .485,.456,.406 --std .229,.224,.225 --method ridge --budget 20000 -o run",
        "onnxedit coar plan model.onnx --examples 1000 --chunk 256 -o /shared/run")
    {
        _inputs.AddTo(this);
        _examples.AddTo(this);
        _settings.AddTo(this);
        Options.Add(_out);
    }

    internal override void Execute(CommandContext context)
    {
        var folder = context.Get(_out) ?? throw new OnnxEngineException(ErrorKind.Usage, "Name the folder of the run with -o.");
        var inputs = _inputs.Resolve(context);
        inputs.RequireExplainable();
        var options = _settings.Resolve(context, inputs);
        var (images, from, _) = _examples.Open(context, inputs);
        using var session = AttributionSession.Open(inputs.Model, images, options, null, context.Cancellation);
        var run = RunFolder.Create(folder, RunInputs.Describe(inputs, session, options, images, _examples.Count(context), from, context.Cancellation));
        RunTable.Plan(context, run, session.Memory());
    }
}
