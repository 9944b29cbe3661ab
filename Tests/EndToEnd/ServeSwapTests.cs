using System.Net;
using System.Threading.Channels;
using OnnxEdit.Engine.Deployment;
using Xunit;

namespace OnnxEdit.EndToEnd;

public sealed class ServeSwapTests(ServedRepository repository)
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Versions_change_under_load_without_a_failed_request()
    {
        var own = repository.Copy();
        using var server = ServerProcess.Start(own);
        var item = ServedRepository.Item(5);
        float[][] expected = [[], repository.Expected(item, 1), repository.Expected(item, 2)];
        var seen = Channel.CreateUnbounded<int>();
        var answered = 0;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var clients = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            try
            {
                while (!stop.IsCancellationRequested)
                {
                    // Throws, and fails the test, for anything but an answer.
                    var (version, scores) = await InferClient.ScoresAsync(await server.Http.PostAsync(InferClient.Path, InferClient.Binary(item), Cancellation));
                    Assert.Equal(expected[version], scores);
                    Interlocked.Increment(ref answered);
                    await seen.Writer.WriteAsync(version, Cancellation);
                }
            }
            catch (Exception e)
            {
                seen.Writer.TryComplete(e);
                throw;
            }
        }, Cancellation)).ToArray();
        var files = new ModelRepository(own);
        for (var swap = 0; swap < 6; swap++)
        {
            var version = 1 + (swap + 1) % 2;
            Deployer.Activate(files, ServedRepository.Name, version);
            // By the call in every second round; in the others the server finds out by itself.
            if (swap % 2 == 0)
            {
                var load = await server.Http.PostAsync($"/v2/repository/models/{ServedRepository.Name}/load", null, Cancellation);
                Assert.Equal(HttpStatusCode.OK, load.StatusCode);
                Assert.Equal(version, await VersionAsync(server));
            }
            for (var more = 20; more > 0;)
                if (await seen.Reader.ReadAsync(Cancellation) == version) more--;
        }
        await stop.CancelAsync();
        await Task.WhenAll(clients);
        Assert.True(answered > 100, $"{answered} requests");
    }

    [Fact]
    public async Task A_killed_server_comes_back_with_the_version_activated_last()
    {
        var own = repository.Copy();
        using (var server = ServerProcess.Start(own))
        {
            Assert.Equal(1, await VersionAsync(server));
            CliRunner.Run(["deploy", "--to", own, "--name", ServedRepository.Name, "--activate", "2"]).Expect(0);
            server.Signal("KILL");
            server.WaitForExit();
        }
        using var again = ServerProcess.Start(own);
        Assert.Equal(2, await VersionAsync(again));
    }

    [Fact]
    public async Task A_damaged_version_changes_nothing()
    {
        var own = repository.Copy();
        using var server = ServerProcess.Start(own);
        // A version whose model computes something else than what was stored with it.
        File.Copy(Path.Combine(own, ServedRepository.Name, "1", "model.onnx"), Path.Combine(own, ServedRepository.Name, "2", "model.onnx"), overwrite: true);
        Assert.Contains("does not give the answer stored with it", CliRunner.Run(["deploy", "--to", own, "--name", ServedRepository.Name, "--activate", "2"]).ExpectError(6), StringComparison.Ordinal);
        var manifest = Path.Combine(own, ServedRepository.Name, DeploymentManifest.FileName);
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("\"active\": 1", "\"active\": 2", StringComparison.Ordinal));
        var load = await server.Http.PostAsync($"/v2/repository/models/{ServedRepository.Name}/load", null, Cancellation);
        Assert.Equal(HttpStatusCode.BadRequest, load.StatusCode);
        Assert.Equal(1, await VersionAsync(server));
    }

    [Fact]
    public async Task Unloaded_models_stay_away_until_they_are_loaded()
    {
        var own = repository.Copy();
        using var server = ServerProcess.Start(own);
        Assert.Equal(HttpStatusCode.OK, (await server.Http.PostAsync("/v2/repository/models/shapes/unload", null, Cancellation)).StatusCode);
        // The server looks at models in the order of their names: once it has found this one, it has passed by the other.
        Directory.CreateDirectory(Path.Combine(own, "zebra", "1"));
        File.Copy(Path.Combine(own, "shapes", "1", "model.onnx"), Path.Combine(own, "zebra", "1", "model.onnx"));
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        patience.CancelAfter(TimeSpan.FromMinutes(1));
        while ((await server.Http.GetAsync("/v2/models/zebra/ready", patience.Token)).StatusCode != HttpStatusCode.OK) { }
        Assert.Equal(HttpStatusCode.NotFound, (await server.Http.PostAsync(InferClient.Path, InferClient.Binary(ServedRepository.Item(1)), Cancellation)).StatusCode);
        Assert.Contains("UNAVAILABLE", await (await server.Http.PostAsync("/v2/repository/index", null, Cancellation)).Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await server.Http.PostAsync("/v2/repository/models/shapes/load", null, Cancellation)).StatusCode);
        Assert.Equal(1, await VersionAsync(server));
    }

    [Fact]
    public async Task The_end_is_announced_and_what_is_under_way_is_answered()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no signals to send to another process.");
        using var server = ServerProcess.Start(repository.Folder, "--drain", "8");
        server.Signal("TERM");
        HttpStatusCode ready;
        // How soon the signal arrives depends on how busy the machine is; after the drain nothing would answer at all.
        while ((ready = (await server.Http.GetAsync("/v2/health/ready", Cancellation)).StatusCode) == HttpStatusCode.OK) { }
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready);
        Assert.Equal(1, await VersionAsync(server));
        Assert.Equal(0, server.WaitForExit().ExitCode);
    }

    static async Task<int> VersionAsync(ServerProcess server) =>
        (await InferClient.ScoresAsync(await server.Http.PostAsync(InferClient.Path, InferClient.Binary(ServedRepository.Item(1)), Cancellation))).Version;
}
