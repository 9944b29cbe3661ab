using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Statistics;

namespace OnnxEdit.Engine.Unlearning;

/// <summary>What an unlearning can learn from and be measured on.</summary>
public sealed record UnlearnData
{
    /// <summary>Labelled images to learn from.</summary>
    public ItemSet? Train { get; init; }

    /// <summary>Labelled images to choose settings on.</summary>
    public ItemSet? Validation { get; init; }

    /// <summary>Labelled images to report on.</summary>
    public ItemSet? Test { get; init; }

    /// <summary>Statistics collected earlier; where given, the model is edited from these alone, and images serve to measure only.</summary>
    public MomentsBundle? Moments { get; init; }

    /// <summary>Names of the model's outputs, or null.</summary>
    public IReadOnlyList<string>? ClassNames { get; init; }

    /// <summary>The parts of opened data.</summary>
    public static UnlearnData Of(ModelData data) => new() { Train = data.Train, Validation = data.Validation, Test = data.Test, ClassNames = data.ClassNames };
}
