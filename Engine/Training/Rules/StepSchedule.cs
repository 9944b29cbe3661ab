namespace OnnxEdit.Engine.Training.Rules;

/// <summary>How the step size changes: it rises evenly, then falls to zero along a half cosine.</summary>
static class StepSchedule
{
    /// <summary>The factor by which the step size is multiplied.</summary>
    /// <param name="progress">Share of the training that is done, 0 to 1.</param>
    /// <param name="warmUp">Share of the training in which it rises.</param>
    public static double Factor(double progress, double warmUp) => progress < warmUp
        ? progress / warmUp
        : 0.5 * (1 + Math.Cos(Math.PI * (progress - warmUp) / (1 - warmUp)));
}
