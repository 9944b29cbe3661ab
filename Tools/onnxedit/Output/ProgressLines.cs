using System.Diagnostics;
using OnnxEdit.Engine;

namespace OnnxEdit.Cli;

/// <summary>Progress for logs: a line when a stage has taken a second and a half, then one every few seconds; short work stays silent.</summary>
sealed class ProgressLines(Action<string> write) : IProgress<WorkProgress>
{
    static readonly TimeSpan _first = TimeSpan.FromSeconds(1.5);
    static readonly TimeSpan _interval = TimeSpan.FromSeconds(5);

    readonly Lock _lock = new();
    readonly Stopwatch _sinceLine = Stopwatch.StartNew();
    readonly Stopwatch _sinceStage = Stopwatch.StartNew();
    string? _stage;
    bool _isSaid;

    public void Report(WorkProgress value)
    {
        lock (_lock)
        {
            if (value.Stage != _stage)
            {
                _stage = value.Stage;
                _isSaid = false;
                _sinceLine.Restart();
                _sinceStage.Restart();
            }
            else if (_sinceLine.Elapsed > (_isSaid ? _interval : _first))
            {
                _isSaid = true;
                _sinceLine.Restart();
                write(value.Total > 0 ? $"{value.Stage}: {100 * value.Done / value.Total} %{Left(value)}" : $"{value.Stage} ...");
            }
        }
    }

    // Short rests are not worth a word.
    string Left(WorkProgress value)
    {
        var left = value.Done <= 0 ? TimeSpan.Zero : _sinceStage.Elapsed * ((double)(value.Total - value.Done) / value.Done);
        return left.TotalMinutes < 1 ? "" : left.TotalHours < 2 ? $", about {left.TotalMinutes:F0} min left" : $", about {left.TotalHours:F0} h left";
    }
}
