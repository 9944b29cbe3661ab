namespace OnnxEdit.Engine.Scores;

/// <summary>In which order the cells of a group go, and the damage each removal adds.</summary>
/// <param name="Cells">Cells, first to go first.</param>
/// <param name="Damage">Relative reconstruction error added by each removal, in that order.</param>
sealed record GroupCurve(IReadOnlyList<int> Cells, IReadOnlyList<double> Damage);
