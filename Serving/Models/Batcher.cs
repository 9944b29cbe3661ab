using System.Threading.Channels;
using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Engine.Deployment;
using OnnxEdit.Engine.Runtime;

namespace OnnxEdit.Serving;

/// <summary>
/// Runs the requests of one model version. A worker takes what is waiting, up to the largest batch, waits a little for
/// more where that is asked for, and runs it as one. The queue is bounded: what does not fit is refused at once.
/// </summary>
sealed class Batcher : IAsyncDisposable
{
    readonly ServableModel _model;
    readonly int _maxBatch;
    readonly TimeSpan _maxDelay;
    readonly VersionStatistics _statistics;
    readonly Channel<PendingRequest> _queue;
    readonly Task[] _workers;

    /// <summary>Starts the workers.</summary>
    /// <param name="model">The model; its owner disposes of it, after this.</param>
    /// <param name="maxBatch">Items per run at most; 0: the model has no batch and every request runs alone.</param>
    /// <param name="options">Queue, delay, instances.</param>
    /// <param name="statistics">Told of every run.</param>
    internal Batcher(ServableModel model, int maxBatch, ServeOptions options, VersionStatistics statistics)
    {
        (_model, _maxBatch, _maxDelay, _statistics) = (model, maxBatch, options.MaxDelay, statistics);
        var instances = options.Runs.Instances;
        _queue = Channel.CreateBounded<PendingRequest>(new BoundedChannelOptions(options.QueueLimit) { SingleReader = instances == 1 });
        _workers = [.. Enumerable.Range(0, instances).Select(_ => Task.Run(WorkAsync))];
    }

    /// <summary>Requests that wait.</summary>
    internal int Waiting => _queue.Reader.Count;

    /// <summary>Puts a request into the queue; false when it is full.</summary>
    internal bool TryEnqueue(PendingRequest request) => _queue.Writer.TryWrite(request);

    /// <summary>Answers what is waiting and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await Task.WhenAll(_workers);
    }

    async Task WorkAsync()
    {
        // Taken from the queue and not fitting the batch at hand: it begins the next one.
        PendingRequest? held = null;
        List<PendingRequest> batch = [];
        while (held is not null || await _queue.Reader.WaitToReadAsync())
        {
            batch.Clear();
            if (held is not null) batch.Add(held);
            else if (_queue.Reader.TryRead(out var first) && !first.IsAbandoned) batch.Add(first);
            held = null;
            if (batch.Count == 0) continue;
            if (_maxBatch > 0) held = await GatherAsync(batch);
            RunBatch(batch);
        }
    }

    async ValueTask<PendingRequest?> GatherAsync(List<PendingRequest> batch)
    {
        var rows = batch[0].Rows;
        Task? over = null;
        while (rows < _maxBatch)
        {
            if (_queue.Reader.TryRead(out var next))
            {
                if (next.IsAbandoned) continue;
                if (rows + next.Rows > _maxBatch || !batch[0].Fits(next)) return next;
                batch.Add(next);
                rows += next.Rows;
                continue;
            }
            if (_maxDelay <= TimeSpan.Zero) break;
            over ??= Task.Delay(_maxDelay);
            var more = _queue.Reader.WaitToReadAsync().AsTask();
            if (await Task.WhenAny(over, more) == over || !await more) break;
        }
        return null;
    }

    void RunBatch(IReadOnlyList<PendingRequest> batch)
    {
        var now = TimeProvider.System.GetTimestamp();
        foreach (var request in batch) request.Started = now;
        try
        {
            Run(batch);
        }
        catch (Exception) when (batch.Count > 1)
        {
            // One request's values may be what fails; the others must not suffer for it.
            foreach (var request in batch) RunBatch([request]);
        }
        catch (Exception e)
        {
            batch[0].Fail(e);
        }
    }

    void Run(IReadOnlyList<PendingRequest> batch)
    {
        var clock = TimeProvider.System;
        var start = clock.GetTimestamp();
        var rows = batch.Sum(request => request.Rows);
        var values = AllOrNone.Make(_model.Inputs.Count, i => Joined(batch, i, rows));
        var ready = clock.GetTimestamp();
        var outputs = _model.Run([.. _model.Inputs.Select(input => input.Name)], values, null, CancellationToken.None);
        var done = clock.GetTimestamp();
        if (batch.Count == 1) batch[0].Complete(outputs);
        else
        {
            var parts = outputs.Select(output => RowSplit.Of(output, [.. batch.Select(request => request.Rows)])).ToArray();
            for (var i = 0; i < batch.Count; i++) batch[i].Complete([.. parts.Select(part => part[i])]);
        }
        _statistics.Ran(rows, clock.GetElapsedTime(start, ready), clock.GetElapsedTime(ready, done), clock.GetElapsedTime(done));
    }

    static OrtValue Joined(IReadOnlyList<PendingRequest> batch, int input, int rows)
    {
        var first = batch[0].Inputs[input];
        if (batch.Count == 1) return ServableModel.Value(first);
        if (first.Type == ServedType.Bytes) return ServableModel.Value(BatchCheck.Join([.. batch.Select(request => request.Inputs[input])]));
        return AllOrNone.Prepare(ServableModel.Allocate(first.Type, [rows, .. first.Shape[1..]]), value =>
        {
            var to = value.GetTensorMutableRawData();
            foreach (var request in batch)
            {
                var bytes = request.Inputs[input].Bytes.Span;
                bytes.CopyTo(to);
                to = to[bytes.Length..];
            }
        });
    }
}
