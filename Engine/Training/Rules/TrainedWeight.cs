namespace OnnxEdit.Engine.Training.Rules;

/// <summary>A tensor of weights that is being trained.</summary>
/// <param name="Name">Its name in the folded model.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Values">Its values, row-major; the session reads them where they lie.</param>
sealed record TrainedWeight(string Name, IReadOnlyList<long> Shape, float[] Values);
