namespace OnnxEdit.Engine.Attribution.Methods;

/// <summary>Regressions on ablations alone.</summary>
static class RegressionMethods
{
    /// <summary>Least squares, as published (Shah et al., 2024, section 3).</summary>
    public static MethodRow Ols { get; } = new("ols")
    {
        Formerly = "Ols",
        Work = (options, _) => (0, options.Budget),
        Regresses = true,
        Estimate = e => e.Regression(null),
    };

    /// <summary>Ridge regression.</summary>
    public static MethodRow Ridge { get; } = Ols with { Name = "ridge", Formerly = "Ridge", HasRidge = true };
}
