using System.Diagnostics;
using OnnxEdit.Engine;

namespace OnnxEdit.Cli;

/// <summary>Progress for logs: a line when a stage has taken a while, then one every few seconds; short work stays silent.</summary>
sealed class ProgressLines(Action<string> write) : IProgress<WorkProgress>
{
    static readonly TimeSpan _interval = TimeSpan.FromSeconds(5);

    readonly Lock _lock = new();
    readonly Stopwatch _sinceLine = Stopwatch.StartNew();
    string? _stage;

    public void Report(WorkProgress value)
    {
        lock (_lock)
        {
            if (value.Stage != _stage)
            {
                _stage = value.Stage;
                _sinceLine.Restart();
            }
            else if (_sinceLine.Elapsed > _interval)
            {
                _sinceLine.Restart();
                write(value.Total > 0 ? $"{value.Stage}: {100 * value.Done / value.Total} %" : $"{value.Stage} ...");
            }
        }
    }
}
