namespace OnnxEdit.Engine.Slimming;

/// <summary>Whether a recovery was worth while: with few items least squares fits these, and nothing else.</summary>
static class RecoveryEffect
{
    /// <summary>A sentence where the slim model is worse than before its recovery, or null.</summary>
    /// <param name="report">What was measured before and after.</param>
    /// <param name="items">Items of the recovery; null: it was made from a statistics file.</param>
    public static string? Note(SlimReport report, int? items)
    {
        if (report.IsOnRandomItems) return null;
        var harm = Accuracies(report) ?? Outputs(report);
        var source = items is { } count ? FormattableString.Invariant($"{count:N0} items are") : "Its statistics are of items that are";
        return harm is null ? null : $"Recovery made the model worse: {harm}. {source} too few for its weights, or unlike those that it was measured on: give more (DataOptions.Path), or leave recovery out (SlimOptions.Recovery = none).";
    }

    // By more than chance, since they are not measured on the same items.
    static string? Accuracies(SlimReport report) =>
        report is { MeasuredAfterSurgery.Main: { } cut, MeasuredAfter.Main: { } after } && (cut.IsHigherBetter ? cut.Value - after.Value : after.Value - cut.Value) > 2 * (double.IsNaN(cut.StandardError) ? 0 : cut.StandardError)
            ? cut.IsFraction
                ? FormattableString.Invariant($"{cut.Name} {100 * cut.Value:F2} % before, {100 * after.Value:F2} % with it")
                : FormattableString.Invariant($"{cut.Name} {cut.Value:G4} before, {after.Value:G4} with it")
            : null;

    static string? Outputs(SlimReport report)
    {
        if (report.Outputs is not { AfterSurgery: { } cut, After: { } after }) return null;
        var worst = after.Where(o => o.Value > 1.05 * cut[o.Key]).Select(o => o.Key).MaxBy(name => after[name] - cut[name]);
        return worst is null ? null : FormattableString.Invariant($"the difference of '{worst}' is {100 * cut[worst]:F2} % before, {100 * after[worst]:F2} % with it");
    }
}
