using System.Diagnostics;
using OnnxEdit.Engine;

namespace OnnxEdit.Cli;

/// <summary>
/// Progress for logs: a line when a stage has taken a second and a half, then one every few seconds, also where the stage itself has
/// nothing new to report; short work stays silent.
/// </summary>
sealed class ProgressLines : IProgress<WorkProgress>, IDisposable
{
    static readonly TimeSpan _first = TimeSpan.FromSeconds(1.5);
    static readonly TimeSpan _interval = TimeSpan.FromSeconds(5);
    static readonly TimeSpan _beat = TimeSpan.FromMilliseconds(250);

    readonly Lock _lock = new();
    readonly Stopwatch _sinceLine = Stopwatch.StartNew();
    readonly Stopwatch _sinceStage = Stopwatch.StartNew();
    readonly Action<string> _write;
    readonly Timer _timer;
    WorkProgress _last = new("preparing", 0, 0);
    bool _isSaid;
    bool _isOver;

    /// <summary>Starts.</summary>
    /// <param name="write">Writes a line.</param>
    internal ProgressLines(Action<string> write)
    {
        _write = write;
        _timer = new Timer(_ => Say(), null, _beat, _beat);
    }

    public void Report(WorkProgress value)
    {
        lock (_lock)
        {
            var isNew = value.Stage != _last.Stage;
            _last = value;
            if (!isNew) return;
            _isSaid = false;
            _sinceLine.Restart();
            _sinceStage.Restart();
        }
    }

    public void Dispose()
    {
        lock (_lock) _isOver = true;
        _timer.Dispose();
    }

    void Say()
    {
        lock (_lock)
        {
            if (_isOver || _sinceLine.Elapsed < (_isSaid ? _interval : _first)) return;
            _isSaid = true;
            _sinceLine.Restart();
            _write(_last is { Total: > 0, Done: > 0 } ? $"{_last.Stage}: {100 * _last.Done / _last.Total} %{Left()}" : $"{_last.Stage} ...");
        }
    }

    // Short rests are not worth a word.
    string Left()
    {
        var left = _sinceStage.Elapsed * ((double)(_last.Total - _last.Done) / _last.Done);
        return left.TotalMinutes < 1 ? "" : left.TotalHours < 2 ? $", about {left.TotalMinutes:F0} min left" : $", about {left.TotalHours:F0} h left";
    }
}
