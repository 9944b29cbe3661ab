using OnnxEdit.Engine;
using Spectre.Console;

namespace OnnxEdit.Cli;

/// <summary>Progress for terminals: one bar per stage.</summary>
sealed class ProgressBars(ProgressContext context) : IProgress<WorkProgress>
{
    readonly Lock _lock = new();
    readonly Dictionary<string, ProgressTask> _bars = [];

    public void Report(WorkProgress value)
    {
        lock (_lock)
        {
            if (!_bars.TryGetValue(value.Stage, out var bar))
                _bars[value.Stage] = bar = context.AddTask(Markup.Escape(value.Stage));
            bar.IsIndeterminate = value.Total <= 0;
            if (value.Total <= 0) return;
            bar.MaxValue = value.Total;
            bar.Value = value.Done;
        }
    }
}
