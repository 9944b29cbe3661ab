using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>Whatever is sent, the answer is a 4xx with a sentence, and the server goes on.</summary>
public sealed class ServeMalformedTests(ServedRepository repository)
{
    const string Head = """{"name":"input","datatype":"FP32","shape":""";

    static readonly (string Body, int Status, string Sentence)[] _bodies =
    [
        ("", 400, "no valid JSON"),
        ("[]", 400, "no JSON object"),
        ("{", 400, "no valid JSON"),
        ("{}", 400, "no \"inputs\""),
        ("{} {}", 400, "JSON"),
        ("""{"inputs":{}}""", 400, "no array"),
        ("""{"inputs":[]}""", 400, "'input' is missing"),
        ("""{"inputs":[1]}""", 400, "no object"),
        ("""{"inputs":[{"shape":[1],"datatype":"FP32","data":[1]}]}""", 400, "no \"name\""),
        ("""{"inputs":[{"name":"input","shape":[1],"data":[1]}]}""", 400, "datatype of 'input' is missing"),
        ("""{"inputs":[{"name":"input","datatype":"FP33","shape":[1],"data":[1]}]}""", 400, "'FP33'"),
        ("""{"inputs":[{"name":"input","datatype":"FP32","data":[1]}]}""", 400, "no \"shape\""),
        ($$$"""{"inputs":[{{{Head}}}[1,3,32,32]}]}""", 400, "neither"),
        ($$$"""{"inputs":[{{{Head}}}[-1,3,32,32],"data":[1]}]}""", 400, "negative extent -1"),
        ($$$"""{"inputs":[{{{Head}}}[4294967296,4294967296,4294967296],"data":[1]}]}""", 400, "more elements than can be counted"),
        ($$$"""{"inputs":[{{{Head}}}[1000000,3,32,32],"data":[1]}]}""", 400, "fewer elements"),
        ($$$"""{"inputs":[{{{Head}}}[1.5],"data":[1]}]}""", 400, "whole numbers"),
        ($$$"""{"inputs":[{{{Head}}}[1,2],"data":[1]}]}""", 400, "'input' has"),
        ($$$"""{"inputs":[{{{Head}}}[1,2],"data":[1,2]}]}""", 400, "does not fit"),
        ($$$"""{"inputs":[{{{Head}}}[0,3,32,32],"data":[]}]}""", 400, "empty"),
        ($$$"""{"inputs":[{{{Head}}}[2],"data":[1,"2"]}]}""", 400, "no FP32 number"),
        ($$$"""{"inputs":[{{{Head}}}[2,3],"data":[[1,2],[3,4],[5,6]]}]}""", 400, "nests its data otherwise"),
        ($$$"""{"inputs":[{{{Head}}}[2],"data":[1,1e99]}]}""", 400, "no FP32 number"),
        ($$$"""{"inputs":[{{{Head}}}[2],"data":[1,NaN]}]}""", 400, "no valid JSON"),
        ($$$"""{"inputs":[{{{Head}}}[1],"data":"AAAA"}]}""", 400, "no array"),
        ("""{"inputs":[{"name":"other","datatype":"FP32","shape":[1],"data":[1]}]}""", 400, "no input 'other'"),
        ("""{"inputs":[{"name":"input","datatype":"INT8","shape":[1],"data":[1]}]}""", 400, "FP32, not INT8"),
        ("""{"inputs":[{"name":"input","datatype":"INT8","shape":[1],"data":[300]}]}""", 400, "no INT8 number"),
        ($$$"""{"inputs":[{{{Head}}}[1],"data":[1]},{{{Head}}}[1],"data":[1]}]}""", 400, "more than once"),
        ($$$"""{"inputs":[{{{Head}}}[1],"parameters":{"binary_data_size":4}}]}""", 400, "4 bytes, and 0 are left"),
        ($$$"""{"inputs":[{{{Head}}}[1],"parameters":{"binary_data_size":-4}}]}""", 400, "-4 bytes"),
        ($$$"""{"inputs":[{{{Head}}}[1],"data":[1],"parameters":{"binary_data_size":4}}]}""", 400, "both"),
        ($$$"""{"inputs":[{{{Head}}}[1],"parameters":{"shared_memory_region":"x"}}]}""", 400, "Shared memory"),
        ("""{"parameters":{"timeout":-1},"inputs":[]}""", 400, "microseconds"),
        ("""{"id":7,"inputs":[]}""", 400, "\"id\" must be a text"),
        ("""{"id":"\ud800","inputs":[]}""", 400, "not valid Unicode"),
        ("""{"outputs":[{"name":"input","parameters":{"classification":0}}],"inputs":[]}""", 400, "1 or more"),
    ];

    [Fact]
    public async Task A_wrong_body_gets_a_sentence()
    {
        using var server = ServerProcess.Start(repository.Folder);
        foreach (var (body, status, sentence) in _bodies)
            await ExpectAsync(await server.Http.PostAsync(InferClient.Path, new StringContent(body), TestContext.Current.CancellationToken), status, sentence, body);
        var tall = string.Concat(Enumerable.Repeat("[", 100_000));
        await ExpectAsync(await server.Http.PostAsync(InferClient.Path, new StringContent(tall), TestContext.Current.CancellationToken), 400, "JSON", "brackets");
        await ExpectAsync(await server.Http.PostAsync(InferClient.Path, new ByteArrayContent([.. "{\"id\":\""u8, 0xC3, 0x28, .. "\"}"u8]), TestContext.Current.CancellationToken), 400, "not valid UTF-8", "UTF-8");
        // Half of a pair of surrogates: fine as JSON, and no text. As a name and as a value.
        foreach (var (path, body) in ((string, string)[])[(InferClient.Path, "{\"id\":\"\\ud800\"}"), (InferClient.Path, "{\"\\ud800\":1}"), ("/v2/repository/index", "{\"\\ud800\":true}")])
            await ExpectAsync(await server.Http.PostAsync(path, new StringContent(body), TestContext.Current.CancellationToken), 400, "", body);
        await StillAnswersAsync(server);
    }

    [Fact]
    public async Task A_wrong_frame_gets_a_sentence()
    {
        var cancellation = TestContext.Current.CancellationToken;
        using var server = ServerProcess.Start(repository.Folder, "--max-request-mb", "1");
        var item = ServedRepository.Item(1);
        var good = await InferClient.Binary(item).ReadAsByteArrayAsync(cancellation);
        var json = good.Length - item.Bytes.Length;
        await ExpectAsync(await server.Http.PostAsync(InferClient.Path, InferClient.Body(json, good[..^4]), cancellation), 400, "are left in the body", "truncated");
        await ExpectAsync(await server.Http.PostAsync(InferClient.Path, InferClient.Body(json, [.. good, 0]), cancellation), 400, "belong to no input", "too long");
        await ExpectAsync(await server.Http.PostAsync(InferClient.Path, InferClient.Body(good.Length + 1, good), cancellation), 400, "the body has", "header too large");
        await ExpectAsync(await server.Http.PostAsync(InferClient.Path, InferClient.Body(json - 1, good), cancellation), 400, "JSON", "header too small");
        await ExpectAsync(await server.Http.PostAsync(InferClient.Path, InferClient.Body(0, [1, 2, 3]), cancellation), 400, "3 bytes", "raw");
        await ExpectAsync(await server.Http.PostAsync(InferClient.Path, new ByteArrayContent(new byte[2 << 20]), cancellation), 413, "larger than", "too large");
        var packed = new ByteArrayContent([1, 2, 3]);
        packed.Headers.ContentEncoding.Add("gzip");
        await ExpectAsync(await server.Http.PostAsync(InferClient.Path, packed, cancellation), 400, "not gzip", "gzip");
        using var bomb = new MemoryStream();
        using (var gzip = new System.IO.Compression.GZipStream(bomb, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(new byte[20 << 20]);
        var large = new ByteArrayContent(bomb.ToArray());
        large.Headers.ContentEncoding.Add("gzip");
        await ExpectAsync(await server.Http.PostAsync(InferClient.Path, large, cancellation), 413, "larger than", "bomb");
        var unknown = new ByteArrayContent([1]);
        unknown.Headers.ContentEncoding.Add("br");
        await ExpectAsync(await server.Http.PostAsync(InferClient.Path, unknown, cancellation), 415, "'br'", "br");
        await ExpectAsync(await server.Http.GetAsync(InferClient.Path, cancellation), 405, "GET", "GET");
        await StillAnswersAsync(server);
    }

    static readonly (string Head, int Status)[] _heads =
    [
        ("GET /v2/models/../../etc/passwd HTTP/1.1", 404),
        ("GET /v2/models/..%2f..%2fetc%2fpasswd HTTP/1.1", 404),
        ("GET /v2/models/%00 HTTP/1.1", 4),
        ("GET /v2/models/shapes/versions/99999999999999999999 HTTP/1.1", 404),
        ("GET /v2/models/shapes/versions/-1 HTTP/1.1", 404),
        ("POST /v2/repository/models/..%2F..%2Fetc/load HTTP/1.1\r\nContent-Length: 0", 404),
        ("POST /v2/repository/models/.shapes.lock/load HTTP/1.1\r\nContent-Length: 0", 404),
        ("POST /v2/repository/models/shapes/load HTTP/1.1\r\nContent-Length: 2", 400),
        ("POST /v2/models/shapes/infer HTTP/1.1\r\nContent-Length: -5", 4),
        ("POST /v2/models/shapes/infer HTTP/1.1\r\nContent-Length: 0\r\nInference-Header-Content-Length: 9999999999999", 400),
        ("POST /v2/models/shapes/infer HTTP/1.1\r\nContent-Length: 1000000000", 413),
        ("NONSENSE", 4),
    ];

    [Fact]
    public async Task Wrong_requests_on_the_wire_are_refused()
    {
        using var server = ServerProcess.Start(repository.Folder);
        foreach (var (head, status) in _heads)
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(server.Rest.Host, server.Rest.Port, TestContext.Current.CancellationToken);
            using var stream = socket.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"{head}\r\nHost: localhost\r\nConnection: close\r\n\r\n[]"), TestContext.Current.CancellationToken);
            using var reader = new StreamReader(stream);
            var answer = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
            Assert.True(answer.StartsWith($"HTTP/1.1 {status}", StringComparison.Ordinal), $"{head}: {answer}");
        }
        await StillAnswersAsync(server);
    }

    [Fact]
    public async Task Endless_headers_and_bodies_that_trickle_are_cut_off()
    {
        using var server = ServerProcess.Start(repository.Folder);
        HttpRequestMessage Wide(int length) => new(HttpMethod.Get, "/v2") { Headers = { { "X-Wide", new string('x', length) } } };
        await ExpectAsync(await server.Http.SendAsync(Wide(100_000), TestContext.Current.CancellationToken), 431, "headers are longer than 32768 bytes", "wide");
        Assert.Equal(431, (int)(await server.Http.SendAsync(Wide(400_000), TestContext.Current.CancellationToken)).StatusCode);
        using var socket = new TcpClient();
        await socket.ConnectAsync(server.Rest.Host, server.Rest.Port, TestContext.Current.CancellationToken);
        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"POST {InferClient.Path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{{"), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(socket.GetStream());
        var answer = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.StartsWith("HTTP/1.1 408", answer, StringComparison.Ordinal);
        Assert.Contains("too slowly", answer, StringComparison.Ordinal);
        await StillAnswersAsync(server);
    }

    static async Task ExpectAsync(HttpResponseMessage answer, int status, string sentence, string what)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True((int)answer.StatusCode == status, $"{what}: {(int)answer.StatusCode} {text}");
        var error = JsonDocument.Parse(text).RootElement.GetProperty("error").GetString()!;
        Assert.True(error.Contains(sentence, StringComparison.Ordinal) && error.EndsWith('.'), $"{what}: {error}");
    }

    async Task StillAnswersAsync(ServerProcess server)
    {
        var item = ServedRepository.Item(9);
        Assert.Equal(repository.Expected(item), (await InferClient.ScoresAsync(await server.Http.PostAsync(InferClient.Path, InferClient.Binary(item)))).Scores);
    }
}
