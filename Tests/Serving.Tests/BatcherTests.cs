using OnnxEdit.Engine.Deployment;
using Xunit;

namespace OnnxEdit.Serving.Tests;

public sealed class BatcherTests : IDisposable
{
    readonly ServedModels _models = new();
    readonly VersionStatistics _statistics = new();
    readonly List<ServableModel> _open = [];

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        foreach (var model in _open) model.Dispose();
        _models.Dispose();
    }

    // A batch that is not full waits for longer than any test: what runs, runs because it is full.
    Batcher Start(Surgery.Proto.ModelProto model, int maxBatch, int instances = 1, int queue = 100)
    {
        _open.Add(ServableModel.Open(_models.Write("m", 1, model)));
        return new Batcher(_open[^1], maxBatch, new ServeOptions { Repository = _models.Root, MaxDelay = TimeSpan.FromDays(1), Instances = instances, QueueLimit = queue }, _statistics);
    }

    static PendingRequest Request(int rows, params float[] values) => new([ServedModels.Rows("x", rows, values)], rows, Cancellation);

    static async Task<float[]> Answer(PendingRequest request) => ServedModels.Floats((await request.Answer)[0]);

    // Number of runs by their size.
    Dictionary<int, long> Runs() => _statistics.Take().Batches.ToDictionary(batch => batch.Key, batch => batch.Value.Infer.Count);

    [Fact]
    public async Task Requests_that_fill_a_batch_are_run_as_one_and_each_gets_its_own_rows()
    {
        await using var batcher = Start(ServedModels.Doubling(), 4);
        var (first, second, third) = (Request(1, 1, 2), Request(2, 3, 4, 5, 6), Request(1, 7, 8));
        Assert.All([first, second, third], request => Assert.True(batcher.TryEnqueue(request)));
        Assert.Equal((float[])[2, 4], await Answer(first));
        Assert.Equal((float[])[6, 8, 10, 12], await Answer(second));
        Assert.Equal((float[])[14, 16], await Answer(third));
        await batcher.DisposeAsync();
        Assert.Equal(new() { [4] = 1 }, Runs());
        Assert.Equal((4, 1), (_statistics.Take().Inferences, _statistics.Take().Executions));
    }

    [Fact]
    public async Task What_does_not_fit_a_batch_begins_the_next_one()
    {
        await using var batcher = Start(ServedModels.Doubling(), 4);
        PendingRequest[] requests = [Request(3, 1, 2, 3), Request(2, 4, 5), Request(2, 6, 7)];
        Assert.All(requests, request => Assert.True(batcher.TryEnqueue(request)));
        Assert.Equal([[2, 4, 6], [8, 10], [12, 14]], await Task.WhenAll(requests.Select(Answer)));
        await batcher.DisposeAsync();
        Assert.Equal(new() { [3] = 1, [4] = 1 }, Runs());
    }

    [Fact]
    public async Task Rows_of_other_lengths_are_not_put_together()
    {
        await using var batcher = Start(ServedModels.Doubling(), 2);
        PendingRequest[] requests = [Request(1, 1, 2), Request(1, 3, 4, 5), Request(1, 6, 7, 8)];
        Assert.All(requests, request => Assert.True(batcher.TryEnqueue(request)));
        Assert.Equal([[2, 4], [6, 8, 10], [12, 14, 16]], await Task.WhenAll(requests.Select(Answer)));
        await batcher.DisposeAsync();
        Assert.Equal(new() { [1] = 1, [2] = 1 }, Runs());
    }

    [Fact]
    public async Task A_model_without_a_batch_runs_every_request_alone()
    {
        await using var batcher = Start(ServedModels.Doubling(), 0);
        PendingRequest[] requests = [Request(1, 1), Request(1, 2), Request(1, 3)];
        Assert.All(requests, request => Assert.True(batcher.TryEnqueue(request)));
        Assert.Equal([[2], [4], [6]], await Task.WhenAll(requests.Select(Answer)));
        await batcher.DisposeAsync();
        Assert.Equal(new() { [1] = 3 }, Runs());
    }

    [Fact]
    public async Task A_request_whose_caller_is_gone_is_not_run()
    {
        await using var batcher = Start(ServedModels.Doubling(), 2);
        using var gone = new CancellationTokenSource();
        var abandoned = new PendingRequest([ServedModels.Rows("x", 1, 1, 2)], 1, gone.Token);
        await gone.CancelAsync();
        PendingRequest[] others = [Request(1, 3, 4), Request(1, 5, 6)];
        Assert.All([abandoned, others[0], abandoned, others[1]], request => Assert.True(batcher.TryEnqueue(request)));
        Assert.Equal([[6, 8], [10, 12]], await Task.WhenAll(others.Select(Answer)));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => abandoned.Answer);
        await batcher.DisposeAsync();
        Assert.Equal(new() { [2] = 1 }, Runs());
    }

    [Fact]
    public async Task A_queue_that_is_full_refuses()
    {
        // Nobody takes anything out.
        await using var batcher = Start(ServedModels.Doubling(), 4, instances: 0, queue: 3);
        Assert.Equal([true, true, true, false, false], Enumerable.Range(0, 5).Select(_ => batcher.TryEnqueue(Request(1, 1))));
        Assert.Equal(3, batcher.Waiting);
    }

    [Fact]
    public async Task What_waits_is_answered_before_the_end_and_nothing_more_is_taken()
    {
        var batcher = Start(ServedModels.Doubling(), 4, instances: 2);
        var requests = Enumerable.Range(0, 10).Select(i => Request(1, i)).ToArray();
        Assert.All(requests, request => Assert.True(batcher.TryEnqueue(request)));
        await batcher.DisposeAsync();
        Assert.All(requests, request => Assert.True(request.Answer.IsCompletedSuccessfully));
        Assert.Equal(Enumerable.Range(0, 10).Select(i => 2f * i), (await Task.WhenAll(requests.Select(Answer))).SelectMany(values => values));
        Assert.Equal(10, _statistics.Take().Inferences);
        Assert.False(batcher.TryEnqueue(Request(1, 1)));
    }

    // The first input is in ONNX Runtime's memory already when the second one, which is longer than its shape says, fails.
    [Fact]
    public async Task A_request_whose_later_input_fails_fails_alone()
    {
        await using var batcher = Start(ServedModels.Sum(), 3);
        PendingRequest Pair(TensorValue z) => new([ServedModels.Rows("x", 1, 1, 2), z], 1, Cancellation);
        var bad = ServedModels.Rows("z", 1, 3, 4, 5) with { Shape = [1, 2] };
        PendingRequest[] requests = [Pair(ServedModels.Rows("z", 1, 10, 20)), Pair(bad), Pair(ServedModels.Rows("z", 1, 30, 40))];
        Assert.All(requests, request => Assert.True(batcher.TryEnqueue(request)));
        Assert.Equal((float[])[11, 22], await Answer(requests[0]));
        Assert.Equal((float[])[31, 42], await Answer(requests[2]));
        await Assert.ThrowsAsync<ArgumentException>(() => requests[1].Answer);
        await batcher.DisposeAsync();
        Assert.Equal(new() { [1] = 2 }, Runs());
    }
}
