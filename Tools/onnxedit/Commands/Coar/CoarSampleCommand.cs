using System.CommandLine;
using System.Runtime.InteropServices;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Attribution;
using OnnxEdit.Engine.Attribution.Runs;
using OnnxEdit.Surgery;

namespace OnnxEdit.Cli;

/// <summary>Runs one machine's share of planned attributions.</summary>
sealed class CoarSampleCommand : CliCommand
{
    readonly Argument<string> _folder = new("run") { Description = "The folder that 'onnxedit coar plan' made" };
    readonly RunInputs _inputs = new();
    readonly Option<string?> _shard = new("--shard") { Description = "i/n, from 0/n, or auto: from a Slurm job array, a Kubernetes Indexed Job or an AWS Batch array [default: all chunks]", HelpName = "auto|i/n" };
    readonly Option<int?> _shards = Numbers.OptionalWhole("--shards", 1, "How many shards there are, where auto cannot know; the first task is then number 0");
    readonly Option<string?> _only = new("--only") { Description = "Only these chunks, such as 17,42-44", HelpName = "CHUNKS" };
    readonly Option<bool> _requeue = new("--requeue-ok") { Description = "Exit with 0 when interrupted, for schedulers that start the task again" };

    internal CoarSampleCommand() : base(
        "sample",
        "Runs chunks of planned attributions and leaves each, whole, in the folder of the run. What is there is skipped; SIGTERM, SIGUSR1 and Ctrl-C lose the chunk at hand and nothing else.",
        "onnxedit coar sample run --shard 0/4",
        "onnxedit coar sample run --shard auto --shards 8 --requeue-ok",
        "onnxedit coar sample run --only 17,42-44")
    {
        Arguments.Add(_folder);
        _inputs.AddTo(this);
        foreach (var option in new Option[] { _shard, _shards, _only, _requeue }) Options.Add(option);
    }

    internal override void Execute(CommandContext context)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.Cancellation);
        // What Slurm sends ahead of its time limit (--signal=B:USR1@60).
        using var signal = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create((PosixSignal)(OperatingSystem.IsMacOS() ? 30 : 10), c =>
        {
            c.Cancel = true;
            stop.Cancel();
        });
        var run = RunFolder.Open(context.Get(_folder)!);
        var numbers = Chunks(context, run);
        try
        {
            var (missing, damaged) = AttributionSampler.Pending(run, numbers, stop.Token);
            if (damaged.Count > 0) context.Output.Warn($"damaged, made again: {ChunkNumbers.Write(damaged)}");
            // A task that is started again and has nothing left to do needs neither model nor data.
            if (missing.Count + damaged.Count == 0)
            {
                RunTable.Sampled(context, run, new SampleReport([], numbers, [], []));
                return;
            }
            var (model, images) = _inputs.Open(context, run.Manifest);
            var report = context.Output.Track(progress =>
            {
                using var session = AttributionSession.Open(model, images, run.Manifest.Options, progress, stop.Token);
                return AttributionSampler.Run(session, run, numbers, progress, stop.Token);
            });
            RunTable.Sampled(context, run, report with { Repaired = damaged });
        }
        catch (OperationCanceledException) when (context.Get(_requeue))
        {
            context.Output.Note("interrupted; what is done stays, and the same command goes on from there");
        }
    }

    IReadOnlyList<int> Chunks(CommandContext context, RunFolder run)
    {
        var count = run.Work.Chunks.Count;
        var shards = context.Get(_shards);
        if (shards is not null && context.Get(_shard) is null) throw new OnnxEngineException(ErrorKind.Usage, "--shards goes with --shard auto; give both, or --shard i/n.");
        var shard = context.Get(_shard) is { } text ? Shard.Parse(text, shards, Environment.GetEnvironmentVariable) : Shard.Whole;
        var numbers = context.Get(_only) is { } only ? ChunkNumbers.Parse(only, count) : [.. Enumerable.Range(0, count)];
        return [.. numbers.Where(shard.Has)];
    }
}
