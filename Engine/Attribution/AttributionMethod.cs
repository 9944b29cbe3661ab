namespace OnnxEdit.Engine;

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

    /// <summary>The gradient at the full mask: gradient x parameter summed over a component's weights.</summary>
    GradientTimesParameter,
}
