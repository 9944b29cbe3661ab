namespace OnnxEdit.Engine.Scores;

/// <summary>Channel independence: what the layer's nuclear norm loses without the channel (CHIP).</summary>
static class IndependenceScore
{
    static readonly ScoreRow _row = PointScores.Row("chip", (point, _) => point.Independence ?? throw PointScores.Lacking(point, "channel independence (CHIP)"));

    /// <summary>Its row.</summary>
    public static ScoreRow Row { get; } = _row with { Needs = _row.Needs! with { IndependenceImages = 128 } };
}
