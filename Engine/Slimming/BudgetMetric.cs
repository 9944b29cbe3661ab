namespace OnnxEdit.Engine.Slimming;

/// <summary>What a <see cref="SlimBudget"/> limits.</summary>
public enum BudgetMetric
{
    /// <summary>Fraction of the parameters left.</summary>
    Parameters,

    /// <summary>Fraction of the multiply-accumulates left.</summary>
    Macs,

    /// <summary>Fraction of the file left.</summary>
    Bytes,

    /// <summary>Fraction of the measured median latency at batch 1.</summary>
    Latency,

    /// <summary>Milliseconds, measured median at batch 1.</summary>
    Milliseconds,

    /// <summary>Percentage points of validation accuracy that may be lost; the smallest such model is sought.</summary>
    AccuracyDrop,
}
