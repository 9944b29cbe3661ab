using OnnxEdit.Kernels.Moments;
using OnnxEdit.Kernels.Witness;

namespace OnnxEdit.Engine.Scores;

/// <summary>Bounds on the total variation from the minimax probability machine, kappa^2 / (1 + kappa^2), tight for two moments.</summary>
static class MinimaxScores
{
    /// <summary>At the moments as measured.</summary>
    public static ScoreRow Mpm { get; } = WitnessBounds.Row("mpm", (in p, in q) => MinimaxBound.Solve(p, q, QuadraticMoments.RidgeFor(p, q)).Bound);

    /// <summary>With means and covariances uncertain by 5 %.</summary>
    public static ScoreRow MpmRobust { get; } = WitnessBounds.Row("mpm-robust", Robust) with { Formerly = "mpmrobust" };

    // MPM with DisCEdit's radii: 5 % of each mean's length and of each covariance's Frobenius norm.
    static double Robust(in QuadraticMoments p, in QuadraticMoments q)
    {
        const double share = 0.05;
        var ridge = QuadraticMoments.RidgeFor(p, q);
        Span<double> delta = [p.Mean1 - q.Mean1, p.Mean2 - q.Mean2];
        Span<double> own = [p.Cov11 + ridge, p.Cov12, p.Cov12, p.Cov22 + ridge];
        Span<double> rest = [q.Cov11 + ridge, q.Cov12, q.Cov12, q.Cov22 + ridge];
        var radius = share * (Length(p.Mean1, p.Mean2) + Length(q.Mean1, q.Mean2));
        return RobustMinimaxBound.Solve(delta, own, rest, radius, share * Length(own), share * Length(rest)).Bound;
    }

    static double Length(params ReadOnlySpan<double> values)
    {
        var squares = 0.0;
        foreach (var v in values) squares += v * v;
        return Math.Sqrt(squares);
    }
}
