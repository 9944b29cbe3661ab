using System.Diagnostics.Metrics;

namespace OnnxEdit.Serving;

/// <summary>What the server counts, for Prometheus and whoever else listens to its meter.</summary>
sealed class ServerMetrics : IDisposable
{
    internal const string MeterName = "OnnxEdit.Serving";

    readonly Meter _meter = new(MeterName);
    readonly Counter<long> _requests, _items;
    readonly Histogram<double> _duration;

    public ServerMetrics(ModelCatalog catalog)
    {
        _requests = _meter.CreateCounter<long>("onnxedit.requests", description: "Requests by model, version and outcome");
        _items = _meter.CreateCounter<long>("onnxedit.items", description: "Items answered");
        _duration = _meter.CreateHistogram<double>("onnxedit.request.duration", "s", "Time of answered requests, waiting included", advice: new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
        });
        _meter.CreateObservableGauge("onnxedit.queue.length", () => catalog.Slots.Select(slot => slot.Current).OfType<LoadedVersion>()
            .Select(version => new Measurement<int>(version.Waiting, Tags(version))), description: "Requests that wait");
        _meter.CreateObservableCounter("onnxedit.executions", () => catalog.Slots.Select(slot => slot.Current).OfType<LoadedVersion>()
            .Select(version => new Measurement<long>(version.Statistics.Take().Executions, Tags(version))), description: "Runs of the model; items over runs is the mean batch");
    }

    internal void Answered(LoadedVersion version, TimeSpan time, int items)
    {
        var tags = Tags(version);
        _requests.Add(1, [.. tags, new("outcome", "answered")]);
        _items.Add(items, tags);
        _duration.Record(time.TotalSeconds, tags);
    }

    internal void Refused(LoadedVersion version, Exception why) => _requests.Add(1, [.. Tags(version), new("outcome", why switch
    {
        RequestRefused { Status: 503 } => "overload",
        RequestRefused { Status: 504 } => "late",
        OperationCanceledException => "abandoned",
        RequestRefused or Engine.OnnxEngineException => "refused",
        _ => "failed",
    })]);

    public void Dispose() => _meter.Dispose();

    static KeyValuePair<string, object?>[] Tags(LoadedVersion version) => [new("model", version.Name), new("version", version.Version)];
}
