using OnnxEdit.Engine;
using Spectre.Console;

namespace OnnxEdit.Cli;

/// <summary>Progress for terminals: one bar per stage.</summary>
sealed class ProgressBars : IProgress<WorkProgress>
{
    readonly Lock _lock = new();
    readonly Dictionary<string, ProgressTask> _bars = [];
    readonly ProgressContext _context;
    readonly ProgressTask _start;

    /// <summary>Starts with a bar that moves until the work reports something.</summary>
    internal ProgressBars(ProgressContext context)
    {
        _context = context;
        _start = context.AddTask("preparing");
        _start.IsIndeterminate = true;
    }

    public void Report(WorkProgress value)
    {
        lock (_lock)
        {
            if (_start.IsIndeterminate)
            {
                _start.IsIndeterminate = false;
                _start.Value = _start.MaxValue;
            }
            if (!_bars.TryGetValue(value.Stage, out var bar))
                _bars[value.Stage] = bar = _context.AddTask(Markup.Escape(value.Stage));
            bar.IsIndeterminate = value.Total <= 0;
            if (value.Total <= 0) return;
            bar.MaxValue = value.Total;
            bar.Value = value.Done;
        }
    }
}
