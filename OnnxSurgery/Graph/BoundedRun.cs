using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Graph;

/// <summary>
/// Run options that end a run which would not end by itself: a Loop can ask for any number of rounds, and sizes that
/// only the run shows can fill the memory. Models without control flow may take as long as they take. Time counts only if
/// this process computed for a good part of it: on a busy machine a detector with its many small steps is slow, not endless.
/// </summary>
sealed class BoundedRun : IDisposable
{
    static readonly TimeSpan _usual = TimeSpan.FromSeconds(15);
    static readonly TimeSpan _work = TimeSpan.FromSeconds(8);
    static readonly TimeSpan _look = TimeSpan.FromMilliseconds(20);

    readonly Lock _lock = new();
    readonly Timer _timer;
    readonly TimeSpan? _patience;
    readonly long _start = Environment.TickCount64;
    readonly TimeSpan _startOfWork = Environment.CpuUsage.TotalTime;
    readonly double _room = Environment.WorkingSet + TraceRoom.Limit;
    // A little above the room: what the allocator holds in reserve counts here, and the watch below says more.
    readonly AddressSpace? _ceiling = ExecutionOptions.Current.LimitsAddressSpace ? new(1.25 * TraceRoom.Limit) : null;
    bool _disposed;

    /// <param name="model">The model that will be run.</param>
    /// <param name="patience">Longest time for a model with control flow; null: 15 s.</param>
    public BoundedRun(ModelProto model, TimeSpan? patience = null)
    {
        if (model.Functions.Count > 0 || model.Graph.Node.Any(n => n.Attribute.Any(a => a.G is not null || a.Graphs.Count > 0)))
            _patience = patience ?? _usual;
        _timer = new Timer(_ => Look(), null, _look, _look);
    }

    /// <summary>Options for one run at a time.</summary>
    public RunOptions Options { get; } = new();

    /// <summary>Why the run was ended, or null.</summary>
    public OnnxSurgeryException? Refusal { get; private set; }

    /// <summary>True when it was ended for the time it took: other sizes would take as long.</summary>
    public bool TookTooLong { get; private set; }

    void Look()
    {
        lock (_lock)
        {
            if (_disposed || Refusal is not null) return;
            if (Environment.TickCount64 - _start > _patience?.TotalMilliseconds && Environment.CpuUsage.TotalTime - _startOfWork > (_patience < _work ? _patience : _work))
            {
                TookTooLong = true;
                Refusal = new OnnxSurgeryException(
                    $"One run of the model takes longer than {_patience?.TotalSeconds} s; it has control flow (Loop, Scan or If), which may not end, and such models are not supported.");
            }
            else if (Environment.WorkingSet > _room)
                Refusal = new OnnxSurgeryException(FormattableString.Invariant(
                    $"The model does not fit into memory: one run takes more than the {TraceRoom.Limit / (1 << 20):N0} MB that may be used for activations; check its sizes and the input shape."));
            else return;
            Options.Terminate = true;
        }
    }

    public void Dispose()
    {
        lock (_lock) _disposed = true;
        _timer.Dispose();
        _ceiling?.Dispose();
        Options.Dispose();
    }
}
