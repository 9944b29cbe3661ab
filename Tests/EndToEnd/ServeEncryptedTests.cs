using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Grpc.Net.Client;
using OnnxEdit.Serving.Rpc;
using Xunit;

namespace OnnxEdit.EndToEnd;

public sealed class ServeEncryptedTests(ServedRepository repository) : IDisposable
{
    readonly TempFolder _folder = new();

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Rest_and_grpc_are_encrypted_and_the_log_is_json_with_times()
    {
        using var server = ServerProcess.Start(repository.Folder, Certificate(), "--tls", "--log", "json", "-v");
        Assert.Equal(("https", "https"), (server.Rest.Scheme, server.Grpc.Scheme));
        using var trusting = new HttpClientHandler { ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator };
        using var client = new HttpClient(trusting) { BaseAddress = server.Rest };
        var item = ServedRepository.Item(1);
        Assert.Equal(repository.Expected(item), (await InferClient.ScoresAsync(await client.PostAsync(InferClient.Path, InferClient.Binary(item), Cancellation))).Scores);
        using var channel = GrpcChannel.ForAddress(server.Grpc, new GrpcChannelOptions { HttpClient = client });
        Assert.True((await new GRPCInferenceService.GRPCInferenceServiceClient(channel).ServerReadyAsync(new ServerReadyRequest(), cancellationToken: Cancellation)).Ready);
        // Without encryption there is no answer.
        using var plain = new HttpClient();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => plain.GetAsync(new UriBuilder(server.Rest) { Scheme = "http" }.Uri, Cancellation));

        server.Signal("TERM");
        var (_, log) = server.WaitForExit();
        var entries = log.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.All(entries, e => Assert.True(DateTimeOffset.UtcNow - e.GetProperty("Timestamp").GetDateTimeOffset() < TimeSpan.FromHours(1)));
        Assert.Contains(entries, e => e.GetProperty("Message").GetString()!.Contains("/infer", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_a_certificate_it_says_how_to_name_one()
    {
        var error = CliRunner.Run(["serve", repository.Folder, "--port", "0", "--grpc-port", "0", "--tls"]).ExpectError(2);
        Assert.Contains("Encryption needs a certificate: name its file by the environment variable Kestrel__Certificates__Default__Path", error);
    }

    [Fact]
    public void A_certificate_that_cannot_be_read_is_named()
    {
        var path = _folder["none.pem"];
        var error = CliRunner.Run(["serve", repository.Folder, "--port", "0", "--grpc-port", "0", "--tls"], env: new Dictionary<string, string> { ["Kestrel__Certificates__Default__Path"] = path }).ExpectError(2);
        Assert.Contains("none.pem", error);
        Assert.DoesNotContain("unexpected", error);
    }

    Dictionary<string, string> Certificate()
    {
        using var key = RSA.Create(2048);
        using var made = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var path = _folder.Write("server.pfx", made.Export(X509ContentType.Pfx, "secret"));
        return new() { ["Kestrel__Certificates__Default__Path"] = path, ["Kestrel__Certificates__Default__Password"] = "secret" };
    }
}
