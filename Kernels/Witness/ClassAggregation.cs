namespace OnnxEdit.Kernels.Witness;

/// <summary>How a channel's scores for the classes become one number.</summary>
public enum ClassAggregation
{
    /// <summary>
    /// Largest over classes: a channel goes only if it is discriminative for no class. The default; keeps specialists.
    /// </summary>
    Max,

    /// <summary>Smallest over classes, as in DisCEdit's code: specialists look as useless as noise.</summary>
    Min,

    /// <summary>Mean over classes.</summary>
    Mean,
}
