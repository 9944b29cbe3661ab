using OnnxEdit.Engine.Deployment;

namespace OnnxEdit.Serving;

/// <summary>A request that waits for its answer.</summary>
/// <param name="inputs">Its inputs in the model's order, checked.</param>
/// <param name="rows">Items in it; 1 where the model has no batch.</param>
/// <param name="cancellation">Set when the caller is gone or its time is over.</param>
sealed class PendingRequest(TensorValue[] inputs, int rows, CancellationToken cancellation)
{
    // The worker must not run the caller's code that follows the answer.
    readonly TaskCompletionSource<IReadOnlyList<TensorValue>> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal TensorValue[] Inputs => inputs;

    internal int Rows => rows;

    internal bool IsAbandoned => cancellation.IsCancellationRequested;

    internal long Enqueued { get; } = TimeProvider.System.GetTimestamp();

    /// <summary>When a worker took it up.</summary>
    internal long Started { get; set; }

    /// <summary>The outputs, in the model's order.</summary>
    internal Task<IReadOnlyList<TensorValue>> Answer => _answer.Task.WaitAsync(cancellation);

    internal void Complete(IReadOnlyList<TensorValue> outputs) => _answer.TrySetResult(outputs);

    internal void Fail(Exception exception)
    {
        _answer.TrySetException(exception);
        // Nobody may be left to see it.
        _ = _answer.Task.Exception;
    }

    /// <summary>Whether both may run in one batch: all extents but the first are the same.</summary>
    internal bool Fits(PendingRequest other)
    {
        for (var i = 0; i < inputs.Length; i++)
            if (!inputs[i].Shape.AsSpan(1).SequenceEqual(other.Inputs[i].Shape.AsSpan(1))) return false;
        return true;
    }
}
