using System.Text.RegularExpressions;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Attribution.Runs;

/// <summary>
/// A script for sbatch that runs a run as a job array (Slurm's sbatch(1): --array, --requeue, --signal). A minute before its
/// time is up a task is told so, drops the chunk at hand and puts itself back into the queue.
/// </summary>
static partial class SlurmScript
{
    /// <summary>The script.</summary>
    /// <param name="run">The run; its path becomes absolute.</param>
    /// <param name="tasks">How it is shared out.</param>
    /// <param name="program">The program and its first arguments.</param>
    /// <exception cref="OnnxEngineException">The time limit is none, or a path holds a line break (<see cref="ErrorKind.Usage"/>).</exception>
    public static string Write(RunFolder run, TaskOptions tasks, IReadOnlyList<string> program)
    {
        if (tasks.TimeLimit is { } limit && !Time().IsMatch(limit))
            throw new OnnxEngineException(ErrorKind.Usage, $"A time limit is written like 90, 1:30:00 or 2-12, not '{limit}'.");
        var path = Path.GetFullPath(run.Path);
        if (program.Append(path).Any(p => p.Contains('\n'))) throw new OnnxEngineException(ErrorKind.Usage, "A path with a line break cannot stand in a script; move the run elsewhere.");
        var time = tasks.TimeLimit is null ? "" : $"#SBATCH --time={tasks.TimeLimit}\n";
        return $$"""
            #!/bin/bash
            #SBATCH --job-name=onnxedit-coar
            #SBATCH --array=0-{{tasks.Tasks - 1}}
            #SBATCH --cpus-per-task={{tasks.Cpus}}
            {{time}}#SBATCH --requeue
            #SBATCH --open-mode=append
            #SBATCH --signal=B:USR1@60
            # {{run.Work.Chunks.Count}} chunks for {{tasks.Tasks}} tasks. Chunks that are there are skipped, so that this script may be submitted again at
            # any time, also for some tasks only (sbatch --array=3,5). Afterwards: onnxedit coar merge, onnxedit coar fit.
            run={{Quoted(path)}}
            program=({{string.Join(' ', program.Select(Quoted))}})

            # Told by signal, the program drops the chunk at hand and ends.
            requeue() {
                kill -USR1 "$task"
                wait "$task"
                scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
                exit 0
            }
            trap requeue USR1
            trap 'kill -TERM "$task"' TERM

            "${program[@]}" coar sample "$run" --shard auto --shards {{tasks.Tasks}} --threads "${SLURM_CPUS_PER_TASK:-{{tasks.Cpus}}}" &
            task=$!
            # A trap ends a wait early.
            while wait "$task"; code=$?; kill -0 "$task" 2>/dev/null; do :; done
            exit "$code"

            """;
    }

    static string Quoted(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    [GeneratedRegex(@"^(\d+|\d+:\d{2}(:\d{2})?|\d+-\d{1,2}(:\d{2}){0,2})$")]
    private static partial Regex Time();
}
