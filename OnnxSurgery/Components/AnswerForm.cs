namespace OnnxEdit.Surgery.Components;

/// <summary>How a number per example is read from a tensor.</summary>
enum AnswerForm
{
    /// <summary>The sum of its values, each times a weight of its own.</summary>
    Sum,

    /// <summary>The same of what is left of [positions, width] when the positions, each times its share, are added up.</summary>
    Pooled,

    /// <summary>The sum over its places, each times its share, of the score of one class less the largest other one.</summary>
    Margin,
}
