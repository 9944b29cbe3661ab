using System.CommandLine;
using System.Diagnostics;
using OnnxEdit.Engine.Attribution.Runs;

namespace OnnxEdit.Cli;

/// <summary>Turns a finished run into attributions.</summary>
sealed class CoarFitCommand : CliCommand
{
    readonly Argument<string> _folder = new("run") { Description = "The folder of the run" };
    readonly Option<string?> _out = new("--out", "-o") { Description = "Where to write [default: RUN.safetensors beside the folder]", HelpName = "FILE" };

    internal CoarFitCommand() : base(
        "fit",
        "Estimates attributions from the sums of a run, or from its chunks where they were not merged. Needs neither model nor data, and gives the same bytes as 'onnxedit coar' with the same options.",
        "onnxedit coar fit run -o model.coar.safetensors")
    {
        Arguments.Add(_folder);
        Options.Add(_out);
    }

    internal override void Execute(CommandContext context)
    {
        var run = RunFolder.Open(context.Get(_folder)!);
        var path = context.Get(_out) ?? Path.TrimEndingDirectorySeparator(run.Path) + ".safetensors";
        OutputTarget.Require(path, context.Global.Force);
        var watch = Stopwatch.StartNew();
        var result = context.Output.Track(progress => AttributionMerge.Fit(run, progress, context.Cancellation))
            .WithFacts(RunInputs.Facts(run.Work.Examples, run.Manifest.Data.From));
        result.Save(path, context.Global.Force);
        AttributionTable.Write(context, result, run.Manifest.Options, null, watch.Elapsed.TotalSeconds, path);
    }
}
