using System.CommandLine;
using OnnxEdit.Engine.Attribution.Runs;

namespace OnnxEdit.Cli;

/// <summary>Checks the chunks of a run and adds them up.</summary>
sealed class CoarMergeCommand : CliCommand
{
    readonly Argument<string> _folder = new("run") { Description = "The folder of the run" };

    internal CoarMergeCommand() : base(
        "merge",
        "Checks every chunk of a run, says which are missing, and adds them up in a fixed order into sums.safetensors in the folder. The chunks may be deleted afterwards.",
        "onnxedit coar merge run") => Arguments.Add(_folder);

    internal override void Execute(CommandContext context)
    {
        var run = RunFolder.Open(context.Get(_folder)!);
        RunTable.Merged(context, run, context.Output.Track(progress => AttributionMerge.Merge(run, progress, context.Cancellation)));
    }
}
