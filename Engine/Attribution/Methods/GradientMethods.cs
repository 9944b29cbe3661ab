using OnnxEdit.Engine.Attribution.Ablations;

namespace OnnxEdit.Engine.Attribution.Methods;

/// <summary>Gradients of the masks of components.</summary>
static class GradientMethods
{
    /// <summary>Mask gradients only, at random masks.</summary>
    public static MethodRow Mask { get; } = new("gradients")
    {
        Formerly = "Gradients",
        Work = (options, _) => (options.Budget / 3, 0),
        Gradients = (options, components, _) => new PathMasks(components, options.Alpha, options.Seed),
        Estimate = e => e.FromAll(e.Sums.Gradients!.Means(), e.Sums.Gradients.StandardErrors()),
    };

    /// <summary>The gradient at the full mask: gradient x parameter summed over a component's weights.</summary>
    public static MethodRow TimesParameter { get; } = new("gradient-x-parameter")
    {
        Formerly = "GradientTimesParameter",
        Work = (_, _) => (1, 0),
        Gradients = (_, components, _) => new FullMask(components),
        Estimate = e => e.FromAll(e.Sums.Gradients!.Means(), null),
    };
}
