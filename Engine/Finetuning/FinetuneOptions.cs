namespace OnnxEdit.Engine;

/// <summary>Options of <see cref="Finetuner.Finetune"/>.</summary>
public sealed record FinetuneOptions
{
    /// <summary>
    /// The model to imitate, which takes the same images and knows the same classes; labels are then not needed. Null:
    /// the labels of the data are learned.
    /// </summary>
    public Surgery.OnnxModel? Teacher { get; init; }

    /// <summary>Temperature that the scores of the teacher are softened by.</summary>
    public double Temperature { get; init; } = 4;

    /// <summary>Steps at most.</summary>
    public int Steps { get; init; } = 1000;

    /// <summary>Images per step.</summary>
    public int Batch { get; init; } = 64;

    /// <summary>Step size at first; it falls to zero along a half cosine.</summary>
    public double StepSize { get; init; } = 0.01;

    /// <summary>Momentum of gradient descent.</summary>
    public double Momentum { get; init; } = 0.9;

    /// <summary>Weight decay of gradient descent.</summary>
    public double Decay { get; init; } = 1e-4;

    /// <summary>Whether Adam is used instead of gradient descent.</summary>
    public bool UseAdam { get; init; }

    /// <summary>Longest gradient; a longer one is scaled down. 0: no limit.</summary>
    public double GradientLimit { get; init; } = 10;

    /// <summary>Whether images are mirrored at random.</summary>
    public bool Flip { get; init; }

    /// <summary>Pixels that images are shifted by at most, at random, what comes in being zero.</summary>
    public int Shift { get; init; }

    /// <summary>Parts of the names of the nodes whose weights are trained, such as "layer3"; null: all weights.</summary>
    public IReadOnlyCollection<string>? Layers { get; init; }

    /// <summary>Steps between two looks at the validation images.</summary>
    public int CheckEvery { get; init; } = 100;

    /// <summary>Validation images looked at, at most.</summary>
    public int Validation { get; init; } = 1000;

    /// <summary>Looks without an improvement after which training ends; 0: it never ends early.</summary>
    public int Patience { get; init; }

    /// <summary>Seed of the order of images and of their augmentation.</summary>
    public ulong Seed { get; init; }

    /// <summary>How accuracy is measured.</summary>
    public EvaluationOptions Evaluation { get; init; } = new();
}
