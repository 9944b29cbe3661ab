using OnnxEdit.Engine.Data;
using OnnxEdit.Kernels.RandomNumbers;

namespace OnnxEdit.Engine.Scores;

/// <summary>Uniform random numbers, the baseline.</summary>
static class RandomScore
{
    /// <summary>Its row.</summary>
    public static ScoreRow Row { get; } = new("random")
    {
        Cells = (analysis, _, _, seed) =>
        {
            var random = new Philox4x32(seed, RandomStreams.RandomScores);
            var scores = new double[analysis.CellCount];
            for (var i = 0; i < scores.Length; i++) scores[i] = random.NextDouble();
            return scores;
        },
    };
}
