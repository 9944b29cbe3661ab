namespace OnnxEdit.Engine.Attribution.Runs;

/// <summary>How a cluster shares out a run.</summary>
sealed record TaskOptions
{
    /// <summary>Number of tasks.</summary>
    public int Tasks { get; init; } = 8;

    /// <summary>Cores for each.</summary>
    public int Cpus { get; init; } = 1;

    /// <summary>Time limit of a task as Slurm writes it (minutes, H:MM:SS, D-HH); null: the cluster's own.</summary>
    public string? TimeLimit { get; init; }
}
