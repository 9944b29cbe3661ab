using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Attribution.Runs;

/// <summary>Adds up the chunks of a run, one at a time and always in the same order, and turns the sums into attributions.</summary>
static class AttributionMerge
{
    /// <summary>Results of a chunk from two machines may differ by this, relative to the largest value in it.</summary>
    const double Tolerance = 1e-4;

    /// <summary>Checks and adds up all chunks, and writes the sums into the folder.</summary>
    /// <param name="run">The folder.</param>
    /// <param name="progress">Told of the work.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <exception cref="OnnxEngineException">
    /// Chunks are missing or damaged, or two results of one contradict each other (<see cref="ErrorKind.Data"/>); one belongs to another run (<see cref="ErrorKind.Usage"/>).
    /// </exception>
    public static MergeReport Merge(RunFolder run, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        var (sums, report) = Add(run, progress, cancellation);
        SumsFile.Write(run, sums);
        return report;
    }

    /// <summary>Attributions of a run: from its sums where they were written, else from its chunks.</summary>
    /// <param name="run">The folder.</param>
    /// <param name="progress">Told of the work.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <inheritdoc cref="Merge"/>
    public static Attributions Fit(RunFolder run, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default) =>
        AttributionEstimate.Of(run.Work, SumsFile.Read(run) ?? Add(run, progress, cancellation).Sums, run.Manifest.Subject);

    static (AttributionSums Sums, MergeReport Report) Add(RunFolder run, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        var (files, chunks) = (run.Files(), run.Work.Chunks);
        int[] missing = [.. chunks.Where(c => !files.Contains(c.Number)).Select(c => c.Number)];
        if (missing.Length > 0)
            throw new OnnxEngineException(ErrorKind.Data, $"{missing.Length} of {chunks.Count} chunks are missing; make them with AttributionSampler.Run(numbers) = {ChunkNumbers.Write(missing)} on {run.Path}.");
        var (sums, hosts, twice) = (new AttributionSums(run.Work), new SortedDictionary<string, int>(StringComparer.Ordinal), new List<int>());
        foreach (var chunk in chunks)
        {
            cancellation.ThrowIfCancellationRequested();
            var (values, hash, host) = ChunkFile.Read(files[chunk.Number].First(), run, chunk);
            foreach (var copy in files[chunk.Number].Skip(1))
            {
                var other = ChunkFile.Read(copy, run, chunk);
                if (other.Sha256 == hash) continue;
                twice.Add(chunk.Number);
                if (Difference(values, other.Values) is var difference && !(difference <= Tolerance))
                    throw new OnnxEngineException(ErrorKind.Data, FormattableString.Invariant($"Chunk {chunk.Number} was made twice with different results, on {host} and on {other.Host} (difference {difference:G2} of the largest value): '{files[chunk.Number].First()}' and '{copy}'; find out which machine is wrong and delete its chunks."));
            }
            sums.Add(chunk, values);
            hosts[host] = hosts.GetValueOrDefault(host) + 1;
            progress?.Report(new WorkProgress("adding up", chunk.Number + 1, chunks.Count));
        }
        return (sums, new MergeReport(chunks.Count, hosts, twice));
    }

    static double Difference(ChunkValues a, ChunkValues b)
    {
        var (largest, difference) = (1e-30, 0.0);
        void Compare(double x, double y) => (largest, difference) = (Math.Max(largest, Math.Abs(x)), double.IsFinite(x - y) ? Math.Max(difference, Math.Abs(x - y)) : double.PositiveInfinity);
        foreach (var (x, y) in (a.Answers ?? []).Zip(b.Answers ?? []))
            for (var i = 0; i < x.Length; i++) Compare(x[i], y[i]);
        foreach (var (x, y) in (a.Gradients?.Sum ?? []).Zip(b.Gradients?.Sum ?? []))
            for (var i = 0; i < x.Length; i++) Compare(x[i], y[i]);
        return difference / largest;
    }
}
