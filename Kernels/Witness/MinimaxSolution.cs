namespace OnnxEdit.Kernels.Witness;

/// <summary>Result of the minimax probability machine for two distributions.</summary>
/// <param name="Kappa">max over u of |u.Delta| / (sqrt(u'S_P u) + sqrt(u'S_Q u)); may be infinite.</param>
/// <param name="Mixing">The weight t in (0, 1) at which kappa^2 = Delta'(S_P/t + S_Q/(1-t))^-1 Delta.</param>
readonly record struct MinimaxSolution(double Kappa, double Mixing)
{
    /// <summary>kappa^2 / (1 + kappa^2): the best lower bound on total variation that means and covariances allow.</summary>
    public double Bound => Kappa > 1 ? 1 / (1 + 1 / (Kappa * Kappa)) : Kappa * Kappa / (1 + Kappa * Kappa);
}
