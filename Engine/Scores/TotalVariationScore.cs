using OnnxEdit.Kernels.Witness;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Scores;

/// <summary>Lower bound on the total variation between each class and the rest: the larger of KS and MPM (DisCEdit).</summary>
static class TotalVariationScore
{
    /// <summary>Its row.</summary>
    public static ScoreRow Row { get; } = PointScores.Row("tv", (point, aggregation) => Discriminability.Score(point.Features, threads: ExecutionOptions.Current.Threads).Point(aggregation));
}
