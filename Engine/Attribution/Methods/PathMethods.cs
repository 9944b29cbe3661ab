using OnnxEdit.Engine.Attribution.Ablations;

namespace OnnxEdit.Engine.Attribution.Methods;

/// <summary>Gradients along the straight path from all components ablated to none.</summary>
static class PathMethods
{
    /// <summary>
    /// Conductance (Dhamdhere, Sundararajan and Yan, 2018): the integral of the gradient of a component's mask while all masks
    /// grow from 0 to 1 together. Over all components it sums up to the whole change.
    /// </summary>
    public static MethodRow Conductance { get; } = new("conductance")
    {
        Formerly = "Conductance",
        Work = (options, _) => (options.Budget / 3, 0),
        Gradients = (_, components, passes) => new StraightPath(components, passes),
        Estimate = e => e.FromAll(e.Sums.Gradients!.Means(), null),
    };

    /// <summary>Internal influence (Leino et al., 2018): the mean gradient of a component's output, summed over its places.</summary>
    public static MethodRow InternalInfluence { get; } = Conductance with { Name = "internal-influence", Formerly = "InternalInfluence", ByOutput = true };
}
