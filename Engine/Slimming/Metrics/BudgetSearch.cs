using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Slimming.Metrics;

/// <summary>What the search for the plan that meets a budget with the least damage stands on.</summary>
/// <param name="Allocation">Spreads a budget over groups.</param>
/// <param name="Analysis">The model's channels.</param>
/// <param name="Source">The model as loaded.</param>
/// <param name="Options">How.</param>
/// <param name="Drop">Points of validation accuracy that the removal of some cells costs.</param>
/// <param name="Progress">Told of candidates.</param>
/// <param name="Cancellation">Stops between candidates.</param>
/// <param name="Say">Gets what the reader should know of the plan, or null.</param>
sealed record BudgetSearch(
    Allocation Allocation, ChannelAnalysis Analysis, ModelProto Source, SlimOptions Options, Func<bool[], double> Drop, IProgress<WorkProgress>? Progress, CancellationToken Cancellation, Action<string>? Say = null)
{
    /// <summary>Meets the budget of the options.</summary>
    /// <returns>One flag per cell.</returns>
    /// <exception cref="OnnxEngineException">It cannot be met; the message says how far one can go.</exception>
    public bool[] Run() => Options.Budget.Row.Search(this, Options.Budget.Value);
}
