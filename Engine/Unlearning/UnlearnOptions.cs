using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Training;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Unlearning;

/// <summary>Options of <see cref="Unlearner.Unlearn"/>.</summary>
public sealed record UnlearnOptions
{
    /// <summary>Classes to forget, by model output.</summary>
    public required IReadOnlyList<int> Classes { get; init; }

    /// <summary>How.</summary>
    public UnlearnMethod Method { get; init; } = UnlearnMethod.Refit;

    /// <summary>Accuracy that the other classes may lose on the validation images, in points.</summary>
    public double RetainDrop { get; init; } = 0.3;

    /// <summary>Accuracy that the forgotten classes may keep on the validation images, in percent.</summary>
    public double ForgetTarget { get; init; } = 1;

    /// <summary>Whether it is an error when the two cannot be met on the validation images; else the closest result is taken.</summary>
    public bool MustReach { get; init; }

    /// <summary>Training images to learn from at most; a fifth of them, or all there are, of the classes to forget.</summary>
    public int Calibration { get; init; } = 5000;

    /// <summary>Share of the linear units, counted from the end of the body, that <see cref="UnlearnMethod.DisceditU"/> looks at.</summary>
    public double Tail { get; init; } = 1.0 / 3;

    /// <summary>Standard deviations above the mean score from which on <see cref="UnlearnMethod.DisceditU"/> takes a channel.</summary>
    public double Deviations { get; init; } = 2;

    /// <summary>A fixed number of channels of each layer that <see cref="UnlearnMethod.DisceditU"/> takes instead; null: by <see cref="Deviations"/>.</summary>
    public int? PerLayer { get; init; }

    /// <summary>Layers that <see cref="UnlearnMethod.DisceditU"/> looks at, by name or by number from 1 on; empty: by <see cref="Tail"/>.</summary>
    public IReadOnlyList<string> Layers { get; init; } = [];

    /// <summary>What <see cref="UnlearnMethod.DisceditU"/> judges channels by.</summary>
    public UnlearnWitness Witness { get; init; } = UnlearnWitness.Exp;

    /// <summary>Whether channels that only the forgotten classes use are removed from the network before the re-fit.</summary>
    public bool Physical { get; init; }

    /// <summary>How far the mean features are matched, 0 to 1; null: chosen on the validation images.</summary>
    public double? Match { get; init; }

    /// <summary>Ridge of the metric in which means are matched, relative to the mean diagonal; null: by the number of images.</summary>
    public double? MatchRidge { get; init; }

    /// <summary>Output positions sampled per image in least squares, at most.</summary>
    public int PositionsPerImage { get; init; } = 48;

    /// <summary>Images per run.</summary>
    public int Batch { get; init; } = 50;

    /// <summary>
    /// Fine-tuning after the edit, on the original's answers to images of the classes that stay; null: none. Its teacher
    /// and classes to forget are set here.
    /// </summary>
    public FinetuneOptions? Finetune { get; init; }

    /// <summary>Seed of every random choice.</summary>
    public ulong Seed { get; init; }

    /// <summary>Sizes of what the model leaves open, by input name, -1 for the batch; null: those of the images, and without any the usual ones are tried.</summary>
    public IReadOnlyDictionary<string, long[]>? InputShapes { get; init; }

    /// <summary>How accuracy is measured.</summary>
    public EvaluationOptions Evaluation { get; init; } = new();

    /// <summary>Threads and device; null: those of the scope that the call stands in (<see cref="ExecutionOptions.Enter"/>).</summary>
    public ExecutionOptions? Execution { get; init; }

    /// <summary>Whether a class is to stay.</summary>
    internal bool Stays(int @class) => !Classes.Contains(@class);
}
