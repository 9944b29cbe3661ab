using System.Net;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Serving;

/// <summary>How models are served.</summary>
public sealed record ServeOptions
{
    /// <summary>The model repository, a folder.</summary>
    public required string Repository { get; init; }

    /// <summary>Where to listen; loopback unless somebody chooses otherwise.</summary>
    public IPAddress Host { get; init; } = IPAddress.Loopback;

    /// <summary>Port for REST, metrics and the page; 0: any free one.</summary>
    public int Port { get; init; } = 8000;

    /// <summary>Port for gRPC; 0: any free one; null: no gRPC.</summary>
    public int? GrpcPort { get; init; } = 8001;

    /// <summary>Items put together at most; the model's own limit holds as well.</summary>
    public int MaxBatch { get; init; } = int.MaxValue;

    /// <summary>How long a request may wait for others to fill its batch; zero: it takes along what is waiting already.</summary>
    public TimeSpan MaxDelay { get; init; }

    /// <summary>
    /// Runs of one model at a time; null: two, since while one batch runs, the next need not stand in line, and one where there is
    /// but one processor, or on a GPU, which is busy with one.
    /// </summary>
    public int? Instances { get; init; }

    /// <summary>Threads of a run and the device; null: those of the scope that the server is started in (<see cref="ExecutionOptions.Enter"/>).</summary>
    public ExecutionOptions? Execution { get; init; }

    /// <summary>Runs of one model at a time, and what each has of the machine.</summary>
    internal (int Instances, ExecutionOptions Each) Runs
    {
        get
        {
            var execution = Execution ?? ExecutionOptions.Current;
            var instances = Instances ?? (execution.Device == ExecutionDevice.Cuda || Environment.ProcessorCount < 2 ? 1 : 2);
            // Every run brings a thread of its own; together they shall be as many as there are processors.
            return (instances, execution.Threads > 0 ? execution : execution with { Threads = Math.Max(1, Environment.ProcessorCount + 1 - instances) });
        }
    }

    /// <summary>Requests that wait for one model at most; further ones get 503.</summary>
    public int QueueLimit { get; init; } = 256;

    /// <summary>Bytes of a request at most, after decompression too.</summary>
    public long MaxRequestBytes { get; init; } = 64L << 20;

    /// <summary>How long a request may take, waiting included; a request may ask for less.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often the repository is looked at for changes; zero: only the load call changes what is served.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long, at the end, requests are still answered while the server says that it is not ready.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>What callers must send as "Authorization: Bearer KEY" or "X-Api-Key: KEY"; null: nothing.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Encrypts both ports with the certificate of Kestrel's configuration (Kestrel__Certificates__Default__Path ...).</summary>
    public bool Tls { get; init; }

    /// <summary>Log lines as JSON instead of text.</summary>
    public bool JsonLogs { get; init; }

    /// <summary>Logs every request, not only what is out of the ordinary.</summary>
    public bool LogRequests { get; init; }
}
