using System.IO.Compression;
using System.Net;
using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using OnnxEdit.Engine.Deployment;
using OnnxEdit.Serving.Rpc;
using Xunit;

namespace OnnxEdit.EndToEnd;

public sealed class ServeTests(ServedRepository repository)
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Answers_equal_those_of_the_runtime_bit_for_bit_by_every_way()
    {
        using var server = ServerProcess.Start(repository.Folder);
        Assert.StartsWith("serving shapes at http://127.0.0.1:", server.Line, StringComparison.Ordinal);
        var item = ServedRepository.Item(1, rows: 3);
        var expected = repository.Expected(item);
        Assert.Equal(expected, (await InferClient.ScoresAsync(await server.Http.PostAsync(InferClient.Path, InferClient.Json(item), Cancellation))).Scores);
        Assert.Equal(expected, (await InferClient.ScoresAsync(await server.Http.PostAsync(InferClient.Path, InferClient.Binary(item), Cancellation))).Scores);

        using var channel = GrpcChannel.ForAddress(server.Grpc);
        var client = new GRPCInferenceService.GRPCInferenceServiceClient(channel);
        var answer = await client.ModelInferAsync(Request(item), cancellationToken: Cancellation);
        Assert.Equal(expected, ServedRepository.Floats(answer.RawOutputContents[0].Span));
        Assert.Equal([3, 10], answer.Outputs[0].Shape);
        var typed = Request(item);
        typed.RawInputContents.Clear();
        typed.Inputs[0].Contents = new InferTensorContents { Fp32Contents = { ServedRepository.Floats(item.Bytes.Span) } };
        Assert.Equal(expected, ServedRepository.Floats((await client.ModelInferAsync(typed, cancellationToken: Cancellation)).RawOutputContents[0].Span));

        var one = ServedRepository.Item(2);
        var raw = await server.Http.PostAsync(InferClient.Path, InferClient.Body(0, one.Bytes.ToArray()), Cancellation);
        Assert.Equal(repository.Expected(one), (await InferClient.ScoresAsync(raw)).Scores);
    }

    [Fact]
    public async Task Requests_that_run_together_get_the_answers_they_get_alone()
    {
        using var server = ServerProcess.Start(repository.Folder, "--max-delay", "5");
        var items = Enumerable.Range(0, 200).Select(seed => ServedRepository.Item(seed, rows: 1 + seed % 3)).ToArray();
        var answers = await Task.WhenAll(items.Select(async item => await InferClient.ScoresAsync(await server.Http.PostAsync(InferClient.Path, InferClient.Binary(item), Cancellation))));
        for (var i = 0; i < items.Length; i++) Assert.Equal(repository.Expected(items[i]), answers[i].Scores);
        var statistics = JsonDocument.Parse(await server.Http.GetStringAsync("/v2/models/shapes/stats", Cancellation)).RootElement.GetProperty("model_stats")[0];
        Assert.Equal(items.Sum(item => item.Shape[0]), statistics.GetProperty("inference_count").GetInt64());
        Assert.InRange(statistics.GetProperty("execution_count").GetInt64(), 1, items.Length - 1);
    }

    [Fact]
    public async Task Clients_find_all_they_ask_for()
    {
        using var server = ServerProcess.Start(repository.Folder);
        foreach (var path in new[] { "/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/shapes", "/v2/models/shapes/versions/1", "/v2/models/shapes/ready", "/v2/models/stats", "/v2/models/shapes/versions/1/stats", "/onnxedit/models" })
            _ = JsonDocument.Parse(await server.Http.GetStringAsync(path, Cancellation));
        var config = JsonDocument.Parse(await server.Http.GetStringAsync("/v2/models/shapes/config", Cancellation)).RootElement;
        Assert.Equal((64, "TYPE_FP32", 3), (config.GetProperty("max_batch_size").GetInt32(), config.GetProperty("input")[0].GetProperty("data_type").GetString(), config.GetProperty("input")[0].GetProperty("dims")[0].GetInt32()));
        Assert.Contains("<title>onnxedit serve</title>", await server.Http.GetStringAsync("/", Cancellation), StringComparison.Ordinal);

        var item = ServedRepository.Item(3);
        var best = await server.Http.PostAsync(InferClient.Path, InferClient.Json(item, ""","outputs":[{"name":"logits","parameters":{"classification":2}}]"""), Cancellation);
        var texts = JsonDocument.Parse(await best.Content.ReadAsStringAsync(Cancellation)).RootElement.GetProperty("outputs")[0].GetProperty("data").EnumerateArray().Select(t => t.GetString()!).ToArray();
        var expected = repository.Expected(item);
        var top = expected.Index().OrderByDescending(e => e.Item).Take(2).Select(e => e.Index).ToArray();
        Assert.Equal(top, texts.Select(text => int.Parse(text.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture)));
        Assert.All(texts, text => Assert.Equal(3, text.Split(':').Length));

        Assert.Contains("onnxedit_requests_total{", await server.Http.GetStringAsync("/metrics", Cancellation), StringComparison.Ordinal);
        using var channel = GrpcChannel.ForAddress(server.Grpc);
        var client = new GRPCInferenceService.GRPCInferenceServiceClient(channel);
        Assert.True((await client.ServerReadyAsync(new ServerReadyRequest(), cancellationToken: Cancellation)).Ready);
        Assert.Equal(DataType.TypeFp32, (await client.ModelConfigAsync(new ModelConfigRequest { Name = "shapes" }, cancellationToken: Cancellation)).Config.Input[0].DataType);
        Assert.Equal("READY", (await client.RepositoryIndexAsync(new RepositoryIndexRequest(), cancellationToken: Cancellation)).Models[0].State);
        Assert.Equal("1", (await client.ModelStatisticsAsync(new ModelStatisticsRequest(), cancellationToken: Cancellation)).ModelStats[0].Version);
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await client.ModelInferAsync(new ModelInferRequest { ModelName = "nobody" }, cancellationToken: Cancellation));
        Assert.Equal((StatusCode.NotFound, true), (refused.StatusCode, refused.Status.Detail.Contains("no model 'nobody'", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Packed_requests_and_answers_are_read_and_written()
    {
        using var server = ServerProcess.Start(repository.Folder);
        var item = ServedRepository.Item(4);
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionMode.Compress, leaveOpen: true)) await gzip.WriteAsync(await InferClient.Json(item).ReadAsByteArrayAsync(Cancellation), Cancellation);
        var content = new ByteArrayContent(packed.ToArray());
        content.Headers.ContentEncoding.Add("gzip");
        using var client = new HttpClient(new HttpClientHandler { AutomaticDecompression = DecompressionMethods.GZip }) { BaseAddress = server.Rest };
        Assert.Equal(repository.Expected(item), (await InferClient.ScoresAsync(await client.PostAsync(InferClient.Path, content, Cancellation))).Scores);
    }

    [Fact]
    public async Task Only_holders_of_the_key_are_answered()
    {
        using var server = ServerProcess.Start(repository.Folder, new Dictionary<string, string> { ["ONNXEDIT_API_KEY"] = "open sesame" });
        Assert.Equal(HttpStatusCode.Unauthorized, (await server.Http.GetAsync("/v2/models/shapes", Cancellation)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await server.Http.GetAsync("/v2/health/ready", Cancellation)).StatusCode);
        using var channel = GrpcChannel.ForAddress(server.Grpc);
        var client = new GRPCInferenceService.GRPCInferenceServiceClient(channel);
        Assert.Equal(StatusCode.Unauthenticated, (await Assert.ThrowsAsync<RpcException>(async () => await client.ModelInferAsync(Request(ServedRepository.Item(1)), cancellationToken: Cancellation))).StatusCode);
        server.Http.DefaultRequestHeaders.Authorization = new("Bearer", "open sesame");
        Assert.Equal(HttpStatusCode.OK, (await server.Http.GetAsync("/v2/models/shapes", Cancellation)).StatusCode);
    }

    [Fact]
    public async Task A_full_queue_and_a_late_answer_are_said_and_nothing_else_fails()
    {
        using var server = ServerProcess.Start(repository.Folder, "--queue", "1", "--max-batch", "1");
        var item = ServedRepository.Item(1);
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => server.Http.PostAsync(InferClient.Path, InferClient.Binary(item), Cancellation)));
        var full = answers.Where(answer => answer.StatusCode == HttpStatusCode.ServiceUnavailable).ToArray();
        Assert.NotEmpty(full);
        Assert.All(full, answer => Assert.Equal(TimeSpan.FromSeconds(1), answer.Headers.RetryAfter!.Delta));
        Assert.All(answers.Except(full), answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        var late = await server.Http.PostAsync(InferClient.Path, InferClient.Json(item, ""","parameters":{"timeout":1}"""), Cancellation);
        Assert.Contains(late.StatusCode, new[] { HttpStatusCode.GatewayTimeout, HttpStatusCode.OK });
    }

    static ModelInferRequest Request(TensorValue item) => new()
    {
        ModelName = ServedRepository.Name,
        Inputs = { new ModelInferRequest.Types.InferInputTensor { Name = "input", Datatype = "FP32", Shape = { item.Shape } } },
        RawInputContents = { ByteString.CopyFrom(item.Bytes.Span) },
    };
}
