namespace OnnxEdit.Engine.Editing;

/// <summary>How a model is edited.</summary>
public enum EditMethod
{
    /// <summary>A neuron per image beside the last layer (<see cref="PatchEditor"/>): hardly anything else changes.</summary>
    Patch,

    /// <summary>The last layer's weights, in closed form (<see cref="LocalEditor"/>); the graph keeps its shape.</summary>
    LastLayer,

    /// <summary>Gradient steps (<see cref="GradientEditor"/>).</summary>
    Gradient,
}
