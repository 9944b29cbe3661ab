using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Attribution.Runs;

/// <summary>
/// Runs chunks of a run and leaves their files in its folder. Stateless: whatever is there and whole is skipped, so that a
/// task that was killed is simply started again and has lost one chunk at most.
/// </summary>
static class AttributionSampler
{
    /// <summary>Which of some chunks are still to be run.</summary>
    /// <param name="run">The folder.</param>
    /// <param name="numbers">The chunks.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <returns>Chunks without a file, and chunks whose file is damaged.</returns>
    /// <exception cref="OnnxEngineException">A chunk belongs to another run (<see cref="ErrorKind.Usage"/>).</exception>
    public static (IReadOnlyList<int> Missing, IReadOnlyList<int> Damaged) Pending(RunFolder run, IEnumerable<int> numbers, CancellationToken cancellation = default)
    {
        var (missing, damaged) = (new List<int>(), new List<int>());
        foreach (var number in numbers)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!File.Exists(run.ChunkPath(number))) missing.Add(number);
            else if (Existing(run, run.Work.Chunks[number]) is null) damaged.Add(number);
        }
        return (missing, damaged);
    }

    /// <summary>Runs chunks.</summary>
    /// <param name="session">The network and its examples.</param>
    /// <param name="run">The folder.</param>
    /// <param name="numbers">The chunks.</param>
    /// <param name="progress">Told of the work.</param>
    /// <param name="cancellation">Ends the work early; the chunk at hand is dropped.</param>
    /// <exception cref="OnnxEngineException">
    /// Model or examples are not those of the plan (<see cref="ErrorKind.Data"/>), the model fails (<see cref="ErrorKind.Model"/>), or a
    /// file cannot be written (<see cref="ErrorKind.Usage"/>). Chunks that are done stay.
    /// </exception>
    public static SampleReport Run(AttributionSession session, RunFolder run, IReadOnlyList<int> numbers, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        var (missing, damaged) = Pending(run, numbers, cancellation);
        int[] pending = [.. missing.Concat(damaged).Order()];
        List<int> twice = [];
        if (pending.Length > 0)
        {
            using var execution = session.Enter();
            run.Manifest.Require(session, cancellation);
            using var runner = session.Runner(run.Work);
            var (done, all) = (0L, pending.Sum(n => run.Work.Chunks[n].Cost));
            foreach (var number in pending)
            {
                var chunk = run.Work.Chunks[number];
                var values = runner.Run(chunk, cost => progress?.Report(new WorkProgress("chunks", done += cost, all)), cancellation);
                if (!Keep(run, chunk, values)) twice.Add(number);
            }
        }
        return new SampleReport(pending, [.. numbers.Except(pending)], damaged, twice);
    }

    // False where another machine left another result meanwhile; then both are kept for the merge to judge.
    static bool Keep(RunFolder run, AttributionChunk chunk, ChunkValues values)
    {
        var path = run.ChunkPath(chunk.Number);
        try
        {
            if (!File.Exists(path))
                try
                {
                    ChunkFile.Write(path, run, chunk, values, overwrite: false);
                    return true;
                }
                catch (IOException) when (File.Exists(path))
                {
                    // Between the two looks another machine was done with it.
                }
            if (Existing(run, chunk) is not { } other)
            {
                ChunkFile.Write(path, run, chunk, values, overwrite: true);
                return true;
            }
            var copy = run.CopyPath(chunk.Number, ChunkOrigin.Host);
            if (ChunkFile.Write(copy, run, chunk, values, overwrite: true) != other) return false;
            File.Delete(copy);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var why = Directory.Exists(run.Chunks) ? e.Message.Split('\n')[0].TrimEnd('.') : "the folder is gone";
            throw new OnnxEngineException(ErrorKind.Usage, $"Chunk {chunk.Number} cannot be written to '{run.Path}': {why}; chunks that are done stay, so see to the disk and give the same command again.", e);
        }
    }

    // Hash of the chunk that is there; null where it is damaged.
    static string? Existing(RunFolder run, AttributionChunk chunk)
    {
        try
        {
            return ChunkFile.Read(run.ChunkPath(chunk.Number), run, chunk).Sha256;
        }
        catch (OnnxEngineException e) when (e.Kind == ErrorKind.Data)
        {
            return null;
        }
    }
}
