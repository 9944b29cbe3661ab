using OnnxEdit.Engine.Attribution;
using OnnxEdit.Engine.Attribution.Runs;

namespace OnnxEdit.Cli;

/// <summary>What a run of attributions over several machines does, and how far it is.</summary>
static class RunTable
{
    /// <summary>Prints a plan, or JSON.</summary>
    internal static void Plan(CommandContext context, RunFolder run, MemoryBound memory)
    {
        var (work, options) = (run.Work, run.Manifest.Options);
        var kinds = work.Chunks.CountBy(c => c.Kind).ToDictionary();
        int Of(ChunkKind kind) => kinds.GetValueOrDefault(kind);
        if (context.Global.Json)
        {
            context.Output.Json("coar-plan", 1, new
            {
                Run = run.Path,
                Manifest = run.Sha256,
                work.Examples,
                Components = work.Components,
                options.Method,
                options.Alpha,
                options.Seed,
                work.Passes,
                work.Ablations,
                Cost = work.Cost,
                Chunks = work.Chunks.Count,
                GradientChunks = Of(ChunkKind.Gradients),
                AblationChunks = Of(ChunkKind.Ablations),
                Memory = memory,
            });
            return;
        }
        var output = context.Output;
        output.Line(FormattableString.Invariant($"{Figures.Count(work.Components)} components, {Figures.Count(work.Examples)} examples; {options.Method} at alpha {options.Alpha}, seed {options.Seed}"));
        output.Line($"{Figures.Count(work.Passes)} passes forward and backward and {Figures.Count(work.Ablations)} ablated passes for each example: {Figures.Count(work.Cost)} forward passes in all (forward and backward counts 3)");
        output.Line($"{Figures.Count(work.Chunks.Count)} chunks: {Of(ChunkKind.Gradients)} of gradients, {Of(ChunkKind.Ablations)} of up to {options.Chunk} ablations, 1 of answers");
        output.Line($"memory at most: sample {Megabytes(memory.Sample)}, merge {Megabytes(memory.Merge)}, fit {Megabytes(memory.Fit)}");
        output.Line($"wrote {Path.Combine(run.Path, "manifest.json")}");
    }

    /// <summary>Prints what a task did, or JSON.</summary>
    internal static void Sampled(CommandContext context, RunFolder run, SampleReport report)
    {
        foreach (var chunk in report.Twice) context.Output.Warn($"chunk {chunk} was finished elsewhere meanwhile, with other bits; both are kept for the merge to judge");
        if (context.Global.Json) context.Output.Json("coar-sample", 1, new { Run = run.Path, Chunks = run.Work.Chunks.Count, report.Made, Present = report.Present.Count, report.Repaired, report.Twice });
        else context.Output.Line($"{Figures.Count(report.Made.Count)} chunks made, {Figures.Count(report.Present.Count)} were there");
    }

    /// <summary>Prints what was added up, or JSON.</summary>
    internal static void Merged(CommandContext context, RunFolder run, MergeReport report)
    {
        if (context.Global.Json)
        {
            context.Output.Json("coar-merge", 1, new { Run = run.Path, report.Chunks, report.Hosts, report.Twice, Sums = run.SumsPath });
            return;
        }
        context.Output.Line($"{Figures.Count(report.Chunks)} chunks from {string.Join(", ", report.Hosts.Select(h => $"{h.Key} ({Figures.Count(h.Value)})"))}");
        if (report.Twice.Count > 0) context.Output.Line($"made twice, equal within rounding, the first one taken: {ChunkNumbers.Write(report.Twice.Distinct())}");
        context.Output.Line($"wrote {run.SumsPath}");
    }

    static string Megabytes(long bytes) => $"{Figures.Count(bytes / 1_000_000)} MB";
}
