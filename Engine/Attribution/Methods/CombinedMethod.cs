using OnnxEdit.Engine.Attribution.Ablations;

namespace OnnxEdit.Engine.Attribution.Methods;

/// <summary>Mask gradients first, then a ridge regression on ablations around them; the budget is shared between the two.</summary>
static class CombinedMethod
{
    /// <summary>Share of the budget that ablations have beside gradients, as 1 / this.</summary>
    const int AblationShare = 5;

    /// <summary>Its row.</summary>
    public static MethodRow Row { get; } = new("combined")
    {
        Formerly = "Combined",
        Work = (options, _) => ((options.Budget - options.Budget / AblationShare) / 3, options.Budget / AblationShare),
        Gradients = (options, components, _) => new PathMasks(components, options.Alpha, options.Seed),
        Budget = passes => 3 * passes * AblationShare / (AblationShare - 1) + 1,
        Regresses = true,
        HasRidge = true,
        Estimate = e => e.Around(e.Sums.Gradients!.Means(), e.Sums.Gradients.StandardErrors()),
    };
}
