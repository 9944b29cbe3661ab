using System.Globalization;
using System.Net;
using System.Text.Json;
using Google.Protobuf;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>A repository that others copy models into while it is served, without a deployment.</summary>
public sealed class ServeWrittenTests : IDisposable
{
    readonly TempFolder _root = new();

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _root.Dispose();

    // y = x + answer; at 0 it answers by its name.
    static byte[] Model(float answer)
    {
        var b = new GraphBuilder(1);
        return b.Build(b.Add(b.Input("x", 1), b.Floats("answer", [1], answer))).ToByteArray();
    }

    string Path(int version)
    {
        var folder = Directory.CreateDirectory(System.IO.Path.Combine(_root["repo"], "m", $"{version}")).FullName;
        return System.IO.Path.Combine(folder, "model.onnx");
    }

    static async Task<float[]> AskAsync(ServerProcess server, string input, string data)
    {
        var answer = await server.Http.PostAsync("/v2/models/m/infer", new StringContent($$"""{"inputs":[{{{input}},"datatype":"FP32","data":[{{data}}]}]}"""), Cancellation);
        return (await InferClient.ScoresAsync(answer)).Scores;
    }

    // Looks come by themselves; a server that does not take up what is there is asked until the time is over.
    static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        patience.CancelAfter(TimeSpan.FromMinutes(1));
        while (!await isSo()) patience.Token.ThrowIfCancellationRequested();
    }

    [Fact]
    public async Task What_is_copied_slowly_or_replaced_is_taken_up_and_no_request_fails()
    {
        File.WriteAllBytes(Path(1), Model(1)[..40]);
        using var server = ServerProcess.Start(_root["repo"]);
        Assert.StartsWith("serving no model yet", server.Line, StringComparison.Ordinal);
        Assert.Contains("is truncated", await (await server.Http.PostAsync("/v2/repository/index", null, Cancellation)).Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        File.WriteAllBytes(Path(1), Model(1));
        await UntilAsync(async () => (await server.Http.GetAsync("/v2/models/m/ready", Cancellation)).StatusCode == HttpStatusCode.OK);

        async Task<float> Answer() => (await AskAsync(server, "\"name\":\"x\",\"shape\":[1,1]", "0"))[0];
        Assert.Equal(1, await Answer());
        File.WriteAllBytes(Path(2), Model(2)[..40]);
        await UntilAsync(async () =>
        {
            Assert.Equal(1, await Answer());
            return (await (await server.Http.PostAsync("/v2/repository/index", null, Cancellation)).Content.ReadAsStringAsync(Cancellation)).Contains("UNAVAILABLE", StringComparison.Ordinal);
        });
        File.WriteAllBytes(Path(2), Model(2));
        await UntilAsync(async () => await Answer() == 2);
        File.WriteAllBytes(Path(2), Model(3));
        await UntilAsync(async () => await Answer() == 3);
        File.WriteAllBytes(Path(2), Model(4));
        Assert.Equal(HttpStatusCode.OK, (await server.Http.PostAsync("/v2/repository/models/m/load", null, Cancellation)).StatusCode);
        Assert.Equal(4, await Answer());
        server.Signal("TERM");
        var log = server.WaitForExit().Log;
        Assert.Contains("version 1 answers now\n", log.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Contains("version 2 answers now in place of version 1", log, StringComparison.Ordinal);
        Assert.Contains("version 2 answers now, with what its files hold now", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Real_files_answer_as_they_should_before_and_after()
    {
        var (first, other) = (SharedData.Require("cases", "serve_reload.onnx"), SharedData.Require("cases", "serve_reload_other.onnx"));
        File.WriteAllBytes(Path(1), File.ReadAllBytes(first)[..5000]);
        using var server = ServerProcess.Start(_root["repo"]);
        File.WriteAllBytes(Path(1), File.ReadAllBytes(first));
        await UntilAsync(async () => (await server.Http.GetAsync("/v2/models/m/ready", Cancellation)).StatusCode == HttpStatusCode.OK);
        var input = JsonDocument.Parse(await server.Http.GetStringAsync("/v2/models/m", Cancellation)).RootElement.GetProperty("inputs")[0];
        var shape = string.Join(',', input.GetProperty("shape").EnumerateArray().Select(extent => Math.Max(1, extent.GetInt64())));
        var (head, data) = ($"\"name\":\"{input.GetProperty("name").GetString()}\",\"shape\":[{shape}]", string.Join(',', Enumerable.Repeat(0.3f.ToString(CultureInfo.InvariantCulture), 192)));
        Near([0.032871563f, 0.3244316f, 0.039394975f, -0.094851166f], await AskAsync(server, head, data));
        File.WriteAllBytes(Path(1), File.ReadAllBytes(other));
        await server.Http.PostAsync("/v2/repository/models/m/load", null, Cancellation);
        Near([0.080509745f, -0.3076072f, 0.13556471f, -0.13025147f], await AskAsync(server, head, data));
    }

    static void Near(float[] expected, float[] found)
    {
        Assert.Equal(expected.Length, found.Length);
        for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], found[i], 1e-5f);
    }
}
