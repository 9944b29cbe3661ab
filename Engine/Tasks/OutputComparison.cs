namespace OnnxEdit.Engine.Tasks;

/// <summary>How far the outputs of an edited model are from the original's.</summary>
/// <param name="Items">Number of items compared, none of which anything was fitted to.</param>
/// <param name="AfterSurgery">By output, right after removal; null where nothing was recovered.</param>
/// <param name="After">By output, of the result.</param>
sealed record OutputComparison(int Items, IReadOnlyDictionary<string, double>? AfterSurgery, IReadOnlyDictionary<string, double> After);
