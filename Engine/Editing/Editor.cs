namespace OnnxEdit.Engine.Editing;

/// <summary>The published ways to edit a model in a few gradient steps.</summary>
public enum Editor
{
    /// <summary>Gradient descent.</summary>
    Gd,

    /// <summary>Gradient descent, the step divided by the length of the first gradient.</summary>
    ScaledGd,

    /// <summary>Steps of the gradient's signs.</summary>
    RProp,

    /// <summary>Steps divided by a running root mean square of the gradient.</summary>
    RmsProp,

    /// <summary>Gradient descent with momentum 0.9.</summary>
    Momentum,

    /// <summary>Adam.</summary>
    Adam,
}
