using System.Globalization;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Attribution.Runs;

/// <summary>The part of the chunks that one machine takes: every n-th one, from the i-th.</summary>
/// <param name="Index">i, from 0.</param>
/// <param name="Count">n.</param>
sealed record Shard(int Index, int Count)
{
    /// <summary>All chunks.</summary>
    public static Shard Whole { get; } = new(0, 1);

    /// <summary>Whether a chunk is in it.</summary>
    public bool Has(int chunk) => chunk % Count == Index;

    /// <summary>Reads "i/n", or "auto": the place in a job array of Slurm, in an Indexed Job of Kubernetes or in an array of AWS Batch.</summary>
    /// <param name="text">The text.</param>
    /// <param name="shards">How many there are, where that is known; then places are numbered from 0.</param>
    /// <param name="environment">Looks up environment variables.</param>
    /// <exception cref="OnnxEngineException">It is neither, or the environment does not say (<see cref="ErrorKind.Usage"/>).</exception>
    public static Shard Parse(string text, int? shards, Func<string, string?> environment)
    {
        if (text == "auto") return Slurm(shards, environment) ?? Indexed("JOB_COMPLETION_INDEX", shards, environment) ?? Indexed("AWS_BATCH_JOB_ARRAY_INDEX", shards, environment)
            ?? throw Wrong("Shard.Parse = auto takes its place from SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX or AWS_BATCH_JOB_ARRAY_INDEX, and none of them is set; give Shard.Parse = i/n");
        if (text.Split('/') is not [var left, var right] || Number(left) is not { } index || Number(right) is not { } count || count < 1)
            throw Wrong($"Shard.Parse takes auto or i/n, such as 0/8 to 7/8, not '{text}'");
        if (shards is not null && shards != count) throw Wrong($"Shard.Parse = {text} and Shard.Parse(shards) = {shards} contradict each other; give one of them");
        return Checked(index, count);
    }

    static Shard? Slurm(int? shards, Func<string, string?> environment)
    {
        if (environment("SLURM_ARRAY_TASK_ID") is not { Length: > 0 } text) return null;
        var index = Required("SLURM_ARRAY_TASK_ID", text);
        if (shards is { } count) return Checked(index, count);
        int Of(string name) => Required(name, environment(name) ?? "");
        var (first, last, step, tasks) = (Of("SLURM_ARRAY_TASK_MIN"), Of("SLURM_ARRAY_TASK_MAX"), Of("SLURM_ARRAY_TASK_STEP"), Of("SLURM_ARRAY_TASK_COUNT"));
        if (step < 1 || (last - first) / step + 1 != tasks)
            throw Wrong($"The job array has gaps ({tasks} tasks from {first} to {last}), so that places cannot be told from it; say how many shards there are with Shard.Parse(shards)");
        return Checked((index - first) / step, tasks);
    }

    static Shard? Indexed(string name, int? shards, Func<string, string?> environment) =>
        environment(name) is not { Length: > 0 } text ? null
            : Checked(Required(name, text), shards ?? throw Wrong($"{name} says which shard this is but not how many there are; add Shard.Parse(shards) = n"));

    static Shard Checked(int index, int count) => index < count ? new(index, count) : throw Wrong($"There is no shard {index} of {count}: they are numbered from 0 to {count - 1}");

    static int Required(string name, string text) => Number(text) ?? throw Wrong($"{name} is '{text}', not a whole number; give Shard.Parse = i/n");

    static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    static OnnxEngineException Wrong(string sentence) => new(ErrorKind.Usage, sentence + ".");
}
