namespace OnnxEdit.Engine.Tasks.Kinds;

/// <summary>How good a model is at its task, or how far its answers agree with another model's.</summary>
/// <param name="Task">The task's name.</param>
/// <param name="Items">Number of items measured on.</param>
/// <param name="Metrics">The metrics, the task's own first.</param>
public sealed record TaskMeasurement(string Task, int Items, IReadOnlyList<MetricValue> Metrics)
{
    /// <summary>For classifiers: predictions, margins and accuracy by class; null for all others and for agreement.</summary>
    public Evaluation? Classification { get; init; }

    /// <summary>How the outputs were read, e.g. "the mean over tokens of 'last_hidden_state'"; null where there is nothing to say.</summary>
    public string? Reading { get; init; }

    /// <summary>Whether this is agreement with another model's answers, for which no labels were needed.</summary>
    public bool IsAgreement { get; init; }

    /// <summary>The task's own metric.</summary>
    public MetricValue Main => Metrics[0];
}
