namespace OnnxEdit.Engine.Attribution;

/// <summary>How attributions are estimated.</summary>
public enum AttributionMethod
{
    /// <summary>Mask gradients first, then a ridge regression on ablations around them; the budget is shared between the two.</summary>
    Combined,

    /// <summary>Mask gradients only.</summary>
    Gradients,

    /// <summary>Ridge regression on ablations.</summary>
    Ridge,

    /// <summary>Least squares on ablations, as published (Shah et al., 2024, section 3).</summary>
    Ols,

    /// <summary>Leave one out: each component ablated by itself.</summary>
    LeaveOneOut,

    /// <summary>Each component ablated by itself first, then a ridge regression on ablations around that.</summary>
    RidgeAroundLeaveOneOut,

    /// <summary>The gradient at the full mask: gradient x parameter summed over a component's weights.</summary>
    GradientTimesParameter,

    /// <summary>
    /// Conductance (Dhamdhere, Sundararajan and Yan, 2018) along the straight path from all components ablated to none: the integral of
    /// the gradient of a component's mask while all masks grow from 0 to 1 together. Over all components it sums up to the whole change.
    /// </summary>
    Conductance,

    /// <summary>Internal influence (Leino et al., 2018) along the same path: the mean gradient of a component's output, summed over its places.</summary>
    InternalInfluence,

    /// <summary>Scores drawn at random, which know nothing.</summary>
    Random,
}
