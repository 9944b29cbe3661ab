using System.CommandLine;
using System.Diagnostics;
using OnnxEdit.Engine.Attribution;
using OnnxEdit.Engine.Attribution.Runs;

namespace OnnxEdit.Cli;

/// <summary>Estimates what each component contributes to the answer of each example.</summary>
sealed class CoarCommand : CliCommand
{
    readonly ModelAndDataOptions _inputs = new(hasCalibration: false);
    readonly ExampleOptions _examples = new();
    readonly AttributionSettings _settings = new();
    readonly Option<string?> _run = new("--run") { Description = "Keep finished chunks in this folder; an interrupted call that is given again goes on from them", HelpName = "FOLDER" };
    readonly Option<string?> _out = new("--out", "-o") { Description = "Where to write [default: NAME.coar.safetensors beside the model]", HelpName = "FILE" };

    internal CoarCommand() : base(
        "coar",
        "Estimates what every component (filter, neuron, head) contributes to the answer of every example, and writes the scores. 'coar eval' says how well they predict ablations, 'coar show' lists the components that count. An answer is the margin of the label's class or, of models that are no classifiers, how far they keep their own answer.",
        "onnxedit coar model.onnx --data cifar10 --mean .485,.456,.406 --std .229,.224,.225",
        "onnxedit coar vit.onnx --components heads,neurons --examples 100 --budget 600 -o vit.safetensors",
        "onnxedit coar encoder.onnx --data pairs.csv --columns text,text,score --components heads")
    {
        _inputs.AddTo(this);
        _examples.AddTo(this);
        _settings.AddTo(this);
        Options.Add(_run);
        Options.Add(_out);
        Subcommands.Add(new CoarEvalCommand());
        Subcommands.Add(new CoarShowCommand());
        Subcommands.Add(new CoarEditCommand());
        Subcommands.Add(new CoarPlanCommand());
        Subcommands.Add(new CoarSampleCommand());
        Subcommands.Add(new CoarMergeCommand());
        Subcommands.Add(new CoarFitCommand());
        Subcommands.Add(new CoarSubmitCommand());
    }

    internal override void Execute(CommandContext context)
    {
        var inputs = _inputs.Resolve(context);
        inputs.RequireExplainable();
        var path = context.Get(_out) ?? Path.ChangeExtension(inputs.Path, ".coar.safetensors");
        OutputTarget.Require(path, inputs.Model, context.Global.Force);
        var options = _settings.Resolve(context, inputs);
        var (images, from, names) = _examples.Open(context, inputs);
        var watch = Stopwatch.StartNew();
        var result = context.Output.Track(progress =>
        {
            using var session = AttributionSession.Open(inputs.Model, images, options, progress, context.Cancellation);
            if (context.Get(_run) is not { } folder) return session.Attribute();
            var run = RunFolder.Create(folder, RunInputs.Describe(inputs, session, options, images, _examples.Count(context), from, context.Cancellation));
            AttributionSampler.Run(session, run, [.. run.Work.Chunks.Select(c => c.Number)], progress, context.Cancellation);
            return AttributionMerge.Fit(run, progress, context.Cancellation);
        });
        result = result.WithFacts(RunInputs.Facts(images.Count, from));
        result.Save(path, context.Global.Force);
        AttributionTable.Write(context, result, options, names, watch.Elapsed.TotalSeconds, path);
    }
}
