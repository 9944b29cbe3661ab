using System.CommandLine;
using System.Net;
using System.Runtime.CompilerServices;
using OnnxEdit.Engine;
using OnnxEdit.Serving;
using OnnxEdit.Surgery;

namespace OnnxEdit.Cli;

/// <summary>Serves a model repository.</summary>
sealed class ServeCommand : CliCommand
{
    // A day in seconds; as many milliseconds are more than a request may take.
    static readonly Bounds _aDay = Bounds.From(0).UpTo(86400);

    readonly Argument<string> _repository = new("repository") { Description = "The model repository, a folder that onnxedit deploy writes" };
    readonly Option<string> _host = new("--host") { Description = "Address to listen on; 0.0.0.0 lets other machines in", HelpName = "ADDRESS", DefaultValueFactory = _ => "127.0.0.1" };
    readonly Option<int> _port = Numbers.Whole("--port", 0, 65535, 8000, "Port of REST, metrics and the page; 0: any free one");
    readonly Option<int> _grpcPort = Numbers.Whole("--grpc-port", 0, 65535, 8001, "Port of gRPC; 0: any free one");
    readonly Option<bool> _noGrpc = new("--no-grpc") { Description = "REST alone" };
    readonly Option<int> _maxBatch = Numbers.Whole("--max-batch", 1, 65536, 65536, "Items put together at most; the model's own limit holds as well");
    readonly Option<double> _maxDelay = Numbers.Real("--max-delay", _aDay, 0, "Milliseconds a request may wait for others to fill its batch; 0: it takes along what waits already", "MS");
    readonly Option<int?> _instances = Numbers.OptionalWhole("--instances", 1, "Runs of one model at a time [default: 2, 1 with one processor or --device cuda]");
    readonly Option<int> _queue = Numbers.Whole("--queue", 1, 1_000_000, 256, "Requests that wait for one model at most; further ones get 503");
    readonly Option<int> _megabytes = Numbers.Whole("--max-request-mb", 1, 2047, 64, "Megabytes of a request at most; larger ones get 413");
    readonly Option<TimeSpan?> _deadline = Numbers.OptionalTime("--deadline", "Time a request may take; later ones get 504 [default: 30s]");
    readonly Option<double> _poll = Numbers.Real("--poll", _aDay, 1, "Seconds between looks at the repository; 0: only the load call changes what is served", "S");
    readonly Option<double> _drain = Numbers.Real("--drain", _aDay, 1, "Seconds at the end in which the server answers and says that it is not ready", "S");
    readonly Option<string?> _key = new("--api-key-file") { Description = "File with the key that callers must send; or ONNXEDIT_API_KEY", HelpName = "FILE" };
    readonly Option<bool> _tls = new("--tls") { Description = "Encrypt, with the certificate named by Kestrel__Certificates__Default__Path (and __KeyPath or __Password)" };
    readonly Option<string> _log = Numbers.OneOf("--log", ["text", "json"], "text", "Form of the log on standard error; -v logs every request");

    internal ServeCommand() : base(
        "serve",
        "Serves a model repository by the Open Inference Protocol v2, REST and gRPC, until Ctrl-C. New versions are taken up as they are activated.",
        "onnxedit serve repo",
        "onnxedit serve repo --port 8000 --grpc-port 8001 --max-delay 2 --queue 64",
        "onnxedit serve repo --host 0.0.0.0 --api-key-file key.txt --log json")
    {
        Arguments.Add(_repository);
        foreach (var option in new Option[] { _host, _port, _grpcPort, _noGrpc, _maxBatch, _maxDelay, _instances, _queue, _megabytes, _deadline, _poll, _drain, _key, _tls, _log })
            Options.Add(option);
    }

    // The web framework is loaded with the first method that mentions it, and this is not it.
    internal override void Execute(CommandContext context) => Serve(context);

    [MethodImpl(MethodImplOptions.NoInlining)]
    void Serve(CommandContext context)
    {
        var options = new ServeOptions
        {
            Repository = context.Get(_repository)!,
            Host = IPAddress.TryParse(context.Get(_host) == "localhost" ? "127.0.0.1" : context.Get(_host), out var host)
                ? host
                : throw new OnnxEngineException(ErrorKind.Usage, $"--host takes an address such as 127.0.0.1, 0.0.0.0 or ::1, not '{context.Get(_host)}'."),
            Port = context.Get(_port),
            GrpcPort = context.Get(_noGrpc) ? null : context.Get(_grpcPort),
            MaxBatch = context.Get(_maxBatch),
            MaxDelay = TimeSpan.FromMilliseconds(context.Get(_maxDelay)),
            Instances = context.Get(_instances),
            QueueLimit = context.Get(_queue),
            MaxRequestBytes = (long)context.Get(_megabytes) << 20,
            Deadline = context.Get(_deadline) ?? TimeSpan.FromSeconds(30),
            Poll = TimeSpan.FromSeconds(context.Get(_poll)),
            Drain = TimeSpan.FromSeconds(context.Get(_drain)),
            ApiKey = Key(context),
            Tls = context.Get(_tls),
            JsonLogs = context.Get(_log) == "json",
            LogRequests = context.Global.Verbose,
        };
        if (!IPAddress.IsLoopback(options.Host) && options.ApiKey is null)
            context.Output.Warn($"everybody who reaches {options.Host} can use this server; --api-key-file asks for a key.");
        InferenceServer.RunAsync(options, (addresses, models) => Say(context, addresses, models), context.Cancellation).GetAwaiter().GetResult();
    }

    static void Say(CommandContext context, IReadOnlyList<string> addresses, IReadOnlyList<string> models)
    {
        if (context.Global.Json) context.Output.Json("serve", 1, new { Rest = addresses[0], Grpc = addresses.ElementAtOrDefault(1), Models = models });
        else context.Output.Line($"serving {(models.Count > 0 ? string.Join(", ", models) : "no model yet")} at {addresses[0]}{(addresses.Count > 1 ? $", gRPC at {addresses[1]}" : "")}; Ctrl-C ends it");
        Console.Out.Flush();
    }

    string? Key(CommandContext context)
    {
        var path = context.Get(_key);
        var key = (path is null ? Environment.GetEnvironmentVariable("ONNXEDIT_API_KEY") : File.ReadAllText(path))?.Trim();
        if (path is not null && string.IsNullOrEmpty(key)) throw new OnnxEngineException(ErrorKind.Usage, $"The file '{path}' holds no key.");
        return string.IsNullOrEmpty(key) ? null : key;
    }
}
