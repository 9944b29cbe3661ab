namespace OnnxEdit.Engine.Training;

/// <summary>What training makes small.</summary>
enum TrainingLoss
{
    /// <summary>Cross-entropy with target probabilities: labels, or a teacher's at a temperature.</summary>
    CrossEntropy,

    /// <summary>By how much another class leads over the target.</summary>
    Edit,
}
