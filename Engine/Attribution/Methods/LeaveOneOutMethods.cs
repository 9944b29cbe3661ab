namespace OnnxEdit.Engine.Attribution.Methods;

/// <summary>Each component ablated by itself.</summary>
static class LeaveOneOutMethods
{
    /// <summary>Nothing else.</summary>
    public static MethodRow Alone { get; } = new("loo")
    {
        Formerly = "LeaveOneOut",
        Work = (_, components) => (0, components),
        LeavesOneOut = true,
        Estimate = e => e.FromAll(e.Sums.LeftOut!, null),
    };

    /// <summary>A ridge regression on random ablations around that.</summary>
    public static MethodRow Ridge { get; } = new("ridge-around-loo")
    {
        Formerly = "RidgeAroundLeaveOneOut",
        Work = (options, components) => (0, Math.Max(components, options.Budget)),
        LeavesOneOut = true,
        Regresses = true,
        HasRidge = true,
        Estimate = e => e.Around(e.Sums.LeftOut!, null),
    };
}
