namespace OnnxEdit.Engine.Attribution.Corrections;

/// <summary>How components are scored for an edit: by how much more they help target examples than reference examples.</summary>
public enum ComponentScoring
{
    /// <summary>Paired t where examples come in pairs, moderated t else.</summary>
    Auto,

    /// <summary>Welch's t with population variances, as published (Shah et al., 2024, section 5).</summary>
    Welch,

    /// <summary>Welch's t with variances drawn towards the median one, since a few examples say little about each.</summary>
    Moderated,

    /// <summary>t of the differences between the two examples of a pair, with variances drawn likewise.</summary>
    Paired,
}
