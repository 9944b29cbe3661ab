namespace OnnxEdit.Engine.Data;

/// <summary>Which stream of a seed serves which purpose; two purposes never share numbers. Each has 2^32 streams of its own.</summary>
static class RandomStreams
{
    /// <summary>Order in which training items are drawn.</summary>
    internal const ulong Draw = 1UL << 32;

    /// <summary>Division of a whole into training and test items.</summary>
    internal const ulong Division = 2UL << 32;

    /// <summary>Which test items a limit leaves.</summary>
    internal const ulong TestDraw = 3UL << 32;

    /// <summary>Random inputs, one stream per item.</summary>
    internal const ulong RandomInputs = 4UL << 32;

    /// <summary>The pictures of the sample, one stream per picture.</summary>
    internal const ulong SamplePictures = 5UL << 32;

    /// <summary>Scores drawn at random, the baseline of every other.</summary>
    internal const ulong RandomScores = 6UL << 32;

    /// <summary>Signs that mix the outputs of a wide layer into few.</summary>
    internal const ulong MixedOutputs = 7UL << 32;

    /// <summary>Masks that ablate components, one stream per mask.</summary>
    internal const ulong Masks = 0x20UL << 32;

    /// <summary>Masks to evaluate attributions on, one stream per mask.</summary>
    internal const ulong FreshMasks = 0x21UL << 32;

    /// <summary>Masks that ablate as many components as were chosen by attributions, one stream per mask.</summary>
    internal const ulong ComparedMasks = 0x24UL << 32;

    /// <summary>Masks at which gradients are taken, one stream per pass and example.</summary>
    internal const ulong GradientMasks = 0x22UL << 32;

    /// <summary>Attributions drawn at random, one stream per example.</summary>
    internal const ulong RandomAttributions = 0x23UL << 32;

    /// <summary>Order of training images, one stream per pass.</summary>
    internal const ulong TrainingOrder = 0x10UL << 32;

    /// <summary>How training images are mirrored and shifted, one stream per step.</summary>
    internal const ulong Augmentation = 0x11UL << 32;

    /// <summary>How validation images are mirrored and shifted, one stream per image.</summary>
    internal const ulong ValidationViews = 0x15UL << 32;

    /// <summary>First weights of an extra layer for edits.</summary>
    internal const ulong ExtraLayer = 0x12UL << 32;

    /// <summary>Edits that an editable training practises, one stream per step.</summary>
    internal const ulong PractisedEdits = 0x13UL << 32;

    /// <summary>Edits that it is measured by.</summary>
    internal const ulong MeasuredEdits = 0x14UL << 32;
}
