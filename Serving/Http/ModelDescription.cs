using OnnxEdit.Engine.Deployment;

namespace OnnxEdit.Serving;

/// <summary>What the protocol tells about a model and about the server, as objects for JSON.</summary>
static class ModelDescription
{
    /// <summary>The extensions of the protocol that are spoken here.</summary>
    internal static readonly string[] Extensions =
        ["binary_tensor_data", "classification", "model_configuration", "model_repository", "model_repository(unload_dependents)", "statistics", "schedule_policy"];

    internal const string ServerName = "onnxedit";

    internal static string ServerVersion => typeof(ModelDescription).Assembly.GetName().Version!.ToString(3);

    internal const string Platform = "onnxruntime_onnx";

    internal static object Metadata(LoadedVersion model) => new
    {
        model.Name,
        Versions = new[] { $"{model.Version}" },
        Platform,
        Inputs = model.Inputs.Select(Tensor),
        Outputs = model.Outputs.Select(Tensor),
    };

    static object Tensor(ServedTensor tensor) => new { tensor.Name, tensor.Datatype, tensor.Shape };

    /// <summary>The configuration in Triton's form; its extents leave the batch out where there is one.</summary>
    internal static object Config(LoadedVersion model) => new
    {
        model.Name,
        Platform,
        Backend = "onnxruntime",
        VersionPolicy = new { Specific = new { Versions = new[] { model.Version } } },
        MaxBatchSize = model.MaxBatch,
        Input = model.Inputs.Select(input => new { input.Name, DataType = input.Type.Triton, Dims = Dims(model, input) }),
        Output = model.Outputs.Select((output, at) => new
        {
            output.Name,
            DataType = output.Type.Triton,
            Dims = Dims(model, output),
            LabelFilename = at == 0 && model.Labels.Count > 0 ? TritonConfig.LabelsFile : null,
        }),
        DynamicBatching = model.MaxBatch > 0 ? new { PreferredBatchSize = Array.Empty<int>(), MaxQueueDelayMicroseconds = (long)model.MaxDelay.TotalMicroseconds } : null,
    };

    internal static IEnumerable<long> Dims(LoadedVersion model, ServedTensor tensor) => model.MaxBatch > 0 ? tensor.Shape.Skip(1).DefaultIfEmpty(1) : tensor.Shape;

    internal static object Statistics(LoadedVersion model)
    {
        var taken = model.Statistics.Take();
        return new
        {
            model.Name,
            Version = $"{model.Version}",
            taken.LastInference,
            InferenceCount = taken.Inferences,
            ExecutionCount = taken.Executions,
            InferenceStats = new
            {
                Success = Duration(taken.Success),
                Fail = Duration(taken.Fail),
                Queue = Duration(taken.Queue),
                ComputeInput = Duration(taken.Sum(batch => batch.Input)),
                ComputeInfer = Duration(taken.Sum(batch => batch.Infer)),
                ComputeOutput = Duration(taken.Sum(batch => batch.Output)),
            },
            BatchStats = taken.Batches.Select(batch => new
            {
                BatchSize = batch.Key,
                ComputeInput = Duration(batch.Value.Input),
                ComputeInfer = Duration(batch.Value.Infer),
                ComputeOutput = Duration(batch.Value.Output),
            }),
        };
    }

    static object Duration(VersionStatistics.Tally tally) => new { tally.Count, Ns = tally.Nanoseconds };

    /// <summary>The repository's index: of every model the version that answers, and those that should and do not load, with the reason.</summary>
    internal static IEnumerable<(string Name, string Version, string State, string Reason)> Index(ModelCatalog catalog, ServeOptions options, bool readyOnly) =>
        catalog.Slots.SelectMany(slot => Versions(slot, options.Poll > TimeSpan.Zero)).Where(entry => !readyOnly || entry.State == "READY");

    static IEnumerable<(string Name, string Version, string State, string Reason)> Versions(ModelSlot slot, bool isWatched)
    {
        var (current, faults) = (slot.Current, slot.Faults);
        if (slot.IsUnloaded || current is null && faults.Count == 0) return [(slot.Name, "", "UNAVAILABLE", "unloaded")];
        string Reason(VersionFault fault) => isWatched
            ? FormattableString.Invariant($"{fault.Reason} Tried again as soon as its files change, and otherwise at {fault.Again.UtcDateTime:HH:mm:ss} UTC.")
            : $"{fault.Reason} Tried again by POST /v2/repository/models/{slot.Name}/load.";
        var others = faults.Where(fault => current is null || fault.Version != current.Version).Select(fault => (slot.Name, $"{fault.Version}", "UNAVAILABLE", Reason(fault)));
        if (current is null) return others;
        var own = faults.FirstOrDefault(fault => fault.Version == current.Version);
        return [(slot.Name, $"{current.Version}", "READY", own is null ? "" : $"Its files do not load any more, and what was loaded before answers. {Reason(own)}"), .. others];
    }
}
