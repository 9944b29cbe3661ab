using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Training.Rules;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Training;

/// <summary>Options of a fine-tuning.</summary>
public sealed record FinetuneOptions
{
    /// <summary>
    /// The model to imitate, which takes the same items and returns the same: classes, or whatever the task of the model reads;
    /// labels are then not needed. Null: the labels of the data are learned, by classifiers, or its numbers, by regression.
    /// </summary>
    public OnnxModel? Teacher { get; init; }

    /// <summary>Temperature that the class scores of the teacher are softened by.</summary>
    public double Temperature { get; init; } = 4;

    /// <summary>
    /// Classes that the model was made to forget. Their probability is taken from the model as it is given, not from the
    /// teacher, and images labelled so are left out. Needs a <see cref="Teacher"/>.
    /// </summary>
    public IReadOnlyList<int> Forget { get; init; } = [];

    /// <summary>Steps to make.</summary>
    public int Steps { get; init; } = 1000;

    /// <summary>Time to train in place of a number of <see cref="Steps"/>, looks at the validation images included; the schedule ends with it.</summary>
    public TimeSpan? Time { get; init; }

    /// <summary>Images per step.</summary>
    public int Batch { get; init; } = 64;

    /// <summary>Largest step size; it rises evenly, then falls to zero along a half cosine. Null: 0.0005 with Muon, where it is the share of its own length that a matrix moves by, 0.0003 with Adam, 0.001 with gradient descent.</summary>
    public double? StepSize { get; init; }

    /// <summary>Share of the training in which the step size rises, below 1.</summary>
    public double WarmUp { get; init; } = 0.05;

    /// <summary>Momentum of gradient descent.</summary>
    public double Momentum { get; init; } = 0.9;

    /// <summary>Weight decay; with Adam and Muon apart from the gradient (Loshchilov and Hutter, 2019).</summary>
    public double Decay { get; init; } = 1e-4;

    /// <summary>How weights follow their gradients.</summary>
    public FinetuneOptimiser Optimiser { get; init; } = FinetuneOptimiser.Muon;

    /// <summary>Longest gradient; a longer one is scaled down. 0: no limit.</summary>
    public double GradientLimit { get; init; } = 10;

    /// <summary>Whether pictures are mirrored at random; null: with a teacher, which answers to the mirror image, but for text in pictures and regression.</summary>
    public bool? Flip { get; init; }

    /// <summary>Pixels that images are shifted by at most, at random, what comes in being zero; null: an eighth of the width where <see cref="Flip"/> is left to be with a teacher.</summary>
    public int? Shift { get; init; }

    /// <summary>Share of the images that are mixed with another (Zhang et al., 2018, mixup); the teacher answers to the mixture. Needs a <see cref="Teacher"/>.</summary>
    public double Mix { get; init; }

    /// <summary>Share of the average that an exponential average of the weights, which is then what is kept, retains in a step; 0: no average.</summary>
    public double Averaging { get; init; } = 0.99;

    /// <summary>Parts of the network whose outputs are to resemble the teacher's as well, by parts of node names that both have. Needs a <see cref="Teacher"/>.</summary>
    public IReadOnlyCollection<string>? Features { get; init; }

    /// <summary>Weight of the relative squared error of each of <see cref="Features"/>.</summary>
    public double FeatureWeight { get; init; } = 1;

    /// <summary>What happens to the statistics that batch normalisations have stored.</summary>
    public FinetuneNormalisation Normalisation { get; init; }

    /// <summary>Parts of the names of the nodes whose weights are trained, such as "layer3"; null: all weights.</summary>
    public IReadOnlyCollection<string>? Layers { get; init; }

    /// <summary>Looks at the validation images, evenly over the training.</summary>
    public int Looks { get; init; } = 10;

    /// <summary>Validation images looked at, at most.</summary>
    public int Validation { get; init; } = 1000;

    /// <summary>Looks without an improvement after which training ends; 0: it never ends early.</summary>
    public int Patience { get; init; }

    /// <summary>Seed of the order of images and of their augmentation.</summary>
    public ulong Seed { get; init; }

    /// <summary>Gets a checkpoint now and then, and at the end; null: none are made.</summary>
    internal Action<FinetuneCheckpoint>? Checkpoint { get; init; }

    /// <summary>Time between two checkpoints.</summary>
    public TimeSpan CheckpointEvery { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Where to go on from; null: from the beginning.</summary>
    internal FinetuneCheckpoint? Resume { get; init; }

    /// <summary>What the model is for, and how it is measured.</summary>
    public EvaluationOptions Evaluation { get; init; } = new();

    /// <summary>Threads and device; null: those of the scope that the call stands in (<see cref="ExecutionOptions.Enter"/>).</summary>
    public ExecutionOptions? Execution { get; init; }

    /// <summary>The step size that is meant.</summary>
    internal double LargestStep => StepSize ?? Optimiser switch { FinetuneOptimiser.Adam => 0.0003, FinetuneOptimiser.Muon => 0.0005, _ => 0.001 };
}
