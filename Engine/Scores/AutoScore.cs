namespace OnnxEdit.Engine.Scores;

/// <summary>The default pipeline: reconstruction where there is anything to reconstruct from, else norms of weights.</summary>
static class AutoScore
{
    /// <summary>Its row.</summary>
    public static ScoreRow Row { get; } = new("auto") { Instead = hasStatistics => hasStatistics ? ReconstructionScores.Row : WeightScores.L2 };
}
