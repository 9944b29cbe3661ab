using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Deployment;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using OpenTelemetry.Metrics;

namespace OnnxEdit.Serving;

/// <summary>Serves a model repository over the Open Inference Protocol, version 2, by REST and gRPC.</summary>
public static class InferenceServer
{
    /// <summary>Serves until cancelled; then it says that it is not ready, answers what it has, and returns.</summary>
    /// <param name="options">What to serve, and where.</param>
    /// <param name="started">Told the addresses, REST first, and the names of the models, when all are loaded.</param>
    /// <param name="cancellation">Ends the server.</param>
    /// <exception cref="OnnxEngineException">There is no such repository, or a port cannot be had (<see cref="ErrorKind.Usage"/>).</exception>
    public static async Task RunAsync(ServeOptions options, Action<IReadOnlyList<string>, IReadOnlyList<string>>? started = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        // Requests that load models come from elsewhere, and follow what holds here.
        options = options with { Execution = options.Execution ?? ExecutionOptions.Current };
        await using var app = Build(options, new ModelRepository(options.Repository));
        await using var catalog = app.Services.GetRequiredService<ModelCatalog>();
        // Workers compute on threads of the pool, which must not starve those that read requests.
        ThreadPool.SetMinThreads(Environment.ProcessorCount + options.Runs.Instances + 4, Environment.ProcessorCount);
        await catalog.RefreshAsync();
        try
        {
            await app.StartAsync(cancellation);
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            throw new OnnxEngineException(ErrorKind.Usage, $"The server cannot start: {e.Message.TrimEnd('.')}.", e);
        }
        app.Services.GetRequiredService<ServerState>().IsReady = true;
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        started?.Invoke([.. addresses], [.. catalog.Slots.Where(slot => slot.Current is not null).Select(slot => slot.Name)]);
        try
        {
            await Task.Delay(Timeout.Infinite, cancellation);
        }
        catch (OperationCanceledException)
        {
            app.Services.GetRequiredService<ServerState>().IsReady = false;
            await Task.Delay(options.Drain, CancellationToken.None);
            await app.StopAsync(CancellationToken.None);
        }
    }

    static WebApplication Build(ServeOptions options, ModelRepository repository)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        Log(builder, options);
        Listen(builder, options);
        var services = builder.Services;
        services.AddSingleton(options).AddSingleton(repository).AddSingleton(TimeProvider.System).AddSingleton<ModelCatalog>().AddSingleton<ServerState>().AddSingleton<ServerMetrics>()
            .AddSingleton<Inference>().AddSingleton<Refusals>().AddSingleton<InferRoute>().AddSingleton<Routes>().AddSingleton<InferenceRpc>()
            .AddHostedService<RepositoryWatch>()
            // The caller's token ends the server; signals are the caller's.
            .AddSingleton<IHostLifetime, QuietLifetime>();
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(25));
        services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = (int)Math.Min(int.MaxValue, options.MaxRequestBytes);
            grpc.MaxSendMessageSize = null;
            grpc.Interceptors.Add<RpcErrors>();
        });
        services.AddOpenTelemetry().WithMetrics(metrics => metrics.AddMeter(ServerMetrics.MeterName).AddPrometheusExporter());

        var app = builder.Build();
        var refusals = app.Services.GetRequiredService<Refusals>();
        app.Use(next => context => refusals.RunAsync(context, next));
        if (options.ApiKey is { } key) app.Use(next => context => new ApiKeyGate(key).RunAsync(context, next));
        app.UseRouting();
        app.Services.GetRequiredService<Routes>().Map(app);
        app.MapPrometheusScrapingEndpoint();
        if (options.GrpcPort is not null) app.MapGrpcService<InferenceRpc>();
        return app;
    }

    static void Log(WebApplicationBuilder builder, ServeOptions options)
    {
        builder.Logging.ClearProviders();
        // Standard output is the command's; the log goes beside it.
        builder.Logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        if (options.JsonLogs) builder.Logging.AddJsonConsole(json => (json.TimestampFormat, json.UseUtcTimestamp) = ("yyyy-MM-ddTHH:mm:ss.fffZ", true));
        else builder.Logging.AddSimpleConsole(text => (text.SingleLine, text.TimestampFormat, text.UseUtcTimestamp) = (true, "yyyy-MM-dd HH:mm:ss ", true));
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("Grpc", LogLevel.Critical);
        if (options.LogRequests) builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Information);
    }

    static void Listen(WebApplicationBuilder builder, ServeOptions options)
    {
        if (options.Tls)
        {
            var certificate = builder.Configuration.GetSection("Kestrel:Certificates:Default");
            if (certificate["Path"] is null && certificate["Subject"] is null)
                throw new OnnxEngineException(ErrorKind.Usage, "Encryption needs a certificate: name its file by the environment variable Kestrel__Certificates__Default__Path, and its key by Kestrel__Certificates__Default__KeyPath or its password by Kestrel__Certificates__Default__Password.");
            builder.WebHost.UseKestrelHttpsConfiguration();
        }
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxRequestBytes;
            // Somewhat longer ones are read, so that they can be refused with a sentence.
            kestrel.Limits.MaxRequestHeadersTotalSize = 8 * Refusals.MaxHeaderBytes;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));
            On(kestrel, options.Host, options.Port, options.Tls ? HttpProtocols.Http1AndHttp2 : HttpProtocols.Http1, options.Tls);
            // Without encryption there is nothing to agree on the protocol by, so gRPC has a port of its own.
            if (options.GrpcPort is { } port) On(kestrel, options.Host, port, HttpProtocols.Http2, options.Tls);
        });
    }

    static void On(KestrelServerOptions kestrel, IPAddress host, int port, HttpProtocols protocols, bool isEncrypted) => kestrel.Listen(host, port, listen =>
    {
        listen.Protocols = protocols;
        if (isEncrypted) listen.UseHttps();
    });

    sealed class QuietLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
