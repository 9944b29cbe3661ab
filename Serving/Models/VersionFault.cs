namespace OnnxEdit.Serving;

/// <summary>A version that does not load.</summary>
/// <param name="Version">Its number; null when the model's deployment cannot be understood and so nobody knows which.</param>
/// <param name="Reason">Why, a sentence.</param>
/// <param name="Again">When it is tried again even if its files stay as they are.</param>
sealed record VersionFault(int? Version, string Reason, DateTimeOffset Again);
