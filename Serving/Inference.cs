using OnnxEdit.Engine.Deployment;

namespace OnnxEdit.Serving;

/// <summary>Answers requests, whichever way they came: checks them against the model, queues them, picks the outputs.</summary>
sealed class Inference(ModelCatalog catalog, ServeOptions options, ServerMetrics metrics)
{
    /// <summary>Answers a request.</summary>
    /// <param name="model">The model's name.</param>
    /// <param name="version">The version; null or empty: the active one.</param>
    /// <param name="read">Makes the request; it is told the version that will answer.</param>
    /// <param name="aborted">Set when the caller is gone.</param>
    /// <exception cref="RequestRefused">It is not answered.</exception>
    internal async Task<InferResponse> AnswerAsync(string model, string? version, Func<LoadedVersion, InferRequest> read, CancellationToken aborted)
    {
        var start = TimeProvider.System.GetTimestamp();
        var held = catalog.Hold(model, version);
        try
        {
            var request = read(held);
            var (inputs, rows) = RequestCheck.Inputs(held, request);
            var wanted = RequestCheck.Outputs(held, request);
            var outputs = await RunAsync(held, request, inputs, rows, start, aborted);
            var response = new InferResponse(held.Name, held.Version, request.Id, [.. wanted.Select(want => (Pick(held, outputs, want), want.IsBinary ?? request.IsBinary))]);
            metrics.Answered(held, TimeProvider.System.GetElapsedTime(start), rows);
            return response;
        }
        catch (Exception e)
        {
            var elapsed = TimeProvider.System.GetElapsedTime(start);
            held.Statistics.Failed(elapsed);
            metrics.Refused(held, e);
            throw;
        }
        finally
        {
            held.Release();
        }
    }

    async Task<IReadOnlyList<TensorValue>> RunAsync(LoadedVersion held, InferRequest request, TensorValue[] inputs, int rows, long start, CancellationToken aborted)
    {
        var time = request.Timeout is { } own && own < options.Deadline ? own : options.Deadline;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        deadline.CancelAfter(time);
        var pending = new PendingRequest(inputs, rows, deadline.Token);
        if (!held.TryEnqueue(pending)) throw new RequestRefused(503, $"The model '{held.Name}' has {options.QueueLimit} requests waiting already; try again later.");
        try
        {
            var outputs = await pending.Answer;
            held.Statistics.Answered(TimeProvider.System.GetElapsedTime(start), TimeProvider.System.GetElapsedTime(pending.Enqueued, pending.Started));
            return outputs;
        }
        catch (OperationCanceledException) when (!aborted.IsCancellationRequested)
        {
            throw new RequestRefused(504, $"There was no answer within {time.TotalMilliseconds:0} ms.");
        }
    }

    static TensorValue Pick(LoadedVersion held, IReadOnlyList<TensorValue> outputs, RequestedOutput want)
    {
        var output = outputs.First(tensor => tensor.Name == want.Name);
        return want.Classes > 0 ? Classification.Best(output, want.Classes, held.Labels) : output;
    }
}
