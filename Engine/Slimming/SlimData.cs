using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Statistics;

namespace OnnxEdit.Engine.Slimming;

/// <summary>What a slim can learn from; every part may be missing.</summary>
public sealed record SlimData
{
    /// <summary>Items for statistics and recovery; labels are not needed.</summary>
    public ItemSet? Calibration { get; init; }

    /// <summary>Held-out items for <see cref="SlimBudget.MaxDrop"/>; without labels it limits the answers that differ from the original's.</summary>
    public ItemSet? Validation { get; init; }

    /// <summary>Labelled items to measure on.</summary>
    public ItemSet? Test { get; init; }

    /// <summary>Items nothing is fitted to, on which outputs are compared where there is no labels; they are not needed.</summary>
    public ItemSet? HeldOut { get; init; }

    /// <summary>True where the items are random numbers, which are unlike any data.</summary>
    internal bool IsRandom { get; init; }

    /// <summary>Statistics collected earlier, used when there are no calibration images.</summary>
    public MomentsBundle? Moments { get; init; }

    /// <summary>The parts of opened data; without labels nothing is measured but agreement.</summary>
    public static SlimData Of(ModelData data) => new()
    {
        Calibration = data.Calibration,
        Validation = data.Validation,
        Test = Labelled(data.Test),
        HeldOut = data.Test ?? data.Validation,
        IsRandom = data.IsRandom,
    };

    static ItemSet? Labelled(ItemSet? images) => images is { IsAnnotated: true } ? images : null;
}
