namespace OnnxEdit.Serving;

/// <summary>What one loaded version has done since it was loaded. Times in nanoseconds.</summary>
sealed class VersionStatistics
{
    readonly Lock _lock = new();
    readonly SortedDictionary<int, BatchTally> _batches = [];
    readonly LatencyWindow _latency = new();
    Tally _success, _fail, _queue;
    long _last, _inferences, _executions;

    /// <summary>Counts and the time they took together.</summary>
    internal readonly record struct Tally(long Count, long Nanoseconds)
    {
        internal Tally With(TimeSpan time, int count = 1) => new(Count + count, Nanoseconds + (long)(time.TotalMicroseconds * 1000));
    }

    /// <summary>Runs at one batch size: putting in, computing, taking out.</summary>
    internal readonly record struct BatchTally(Tally Input, Tally Infer, Tally Output);

    /// <summary>A consistent copy of everything.</summary>
    internal sealed record Snapshot(
        long LastInference, long Inferences, long Executions, Tally Success, Tally Fail, Tally Queue,
        IReadOnlyList<KeyValuePair<int, BatchTally>> Batches, double P50, double P99)
    {
        internal Tally Sum(Func<BatchTally, Tally> part) => Batches.Aggregate(default(Tally), (sum, batch) =>
            new Tally(sum.Count + part(batch.Value).Count, sum.Nanoseconds + part(batch.Value).Nanoseconds));
    }

    internal void Ran(int rows, TimeSpan input, TimeSpan infer, TimeSpan output)
    {
        lock (_lock)
        {
            var old = _batches.GetValueOrDefault(rows);
            _batches[rows] = new BatchTally(old.Input.With(input), old.Infer.With(infer), old.Output.With(output));
            _executions++;
            _inferences += rows;
            _last = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        }
    }

    internal void Answered(TimeSpan total, TimeSpan queued)
    {
        lock (_lock)
        {
            _success = _success.With(total);
            _queue = _queue.With(queued);
            _latency.Add(total.TotalMilliseconds);
        }
    }

    internal void Failed(TimeSpan total)
    {
        lock (_lock) _fail = _fail.With(total);
    }

    internal Snapshot Take()
    {
        lock (_lock) return new Snapshot(_last, _inferences, _executions, _success, _fail, _queue, [.. _batches], _latency.At(0.5), _latency.At(0.99));
    }
}
