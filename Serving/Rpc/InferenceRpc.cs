using Grpc.Core;
using OnnxEdit.Engine.Deployment;
using OnnxEdit.Serving.Rpc;

namespace OnnxEdit.Serving;

/// <summary>The gRPC side of the protocol.</summary>
sealed class InferenceRpc(ModelCatalog catalog, ServerState state, Inference inference, ServeOptions options) : GRPCInferenceService.GRPCInferenceServiceBase
{
    public override Task<ServerLiveResponse> ServerLive(ServerLiveRequest request, ServerCallContext context) => Task.FromResult(new ServerLiveResponse { Live = true });

    public override Task<ServerReadyResponse> ServerReady(ServerReadyRequest request, ServerCallContext context) => Task.FromResult(new ServerReadyResponse { Ready = state.IsReady });

    public override Task<ModelReadyResponse> ModelReady(ModelReadyRequest request, ServerCallContext context) =>
        Task.FromResult(new ModelReadyResponse { Ready = catalog.Slots.Any(slot => slot.Name == request.Name && slot.Current is { } current && (request.Version.Length == 0 || request.Version == $"{current.Version}")) });

    public override Task<ServerMetadataResponse> ServerMetadata(ServerMetadataRequest request, ServerCallContext context) =>
        Task.FromResult(new ServerMetadataResponse { Name = ModelDescription.ServerName, Version = ModelDescription.ServerVersion, Extensions = { ModelDescription.Extensions } });

    public override Task<ModelMetadataResponse> ModelMetadata(ModelMetadataRequest request, ServerCallContext context) => With(request.Name, request.Version, model => new ModelMetadataResponse
    {
        Name = model.Name,
        Versions = { $"{model.Version}" },
        Platform = ModelDescription.Platform,
        Inputs = { model.Inputs.Select(Tensor) },
        Outputs = { model.Outputs.Select(Tensor) },
    });

    public override async Task<ModelInferResponse> ModelInfer(ModelInferRequest request, ServerCallContext context) =>
        RpcTensors.Response(await inference.AnswerAsync(request.ModelName, request.ModelVersion, _ => RpcTensors.Request(request), context.CancellationToken));

    public override Task<ModelConfigResponse> ModelConfig(ModelConfigRequest request, ServerCallContext context) => With(request.Name, request.Version, model => new ModelConfigResponse
    {
        Config = new ModelConfig
        {
            Name = model.Name,
            Platform = ModelDescription.Platform,
            Backend = "onnxruntime",
            VersionPolicy = new ModelVersionPolicy { Specific = new ModelVersionPolicy.Types.Specific { Versions = { model.Version } } },
            MaxBatchSize = model.MaxBatch,
            Input = { model.Inputs.Select(input => new Rpc.ModelInput { Name = input.Name, DataType = Type(input), Dims = { ModelDescription.Dims(model, input) } }) },
            Output = { model.Outputs.Select((output, at) => new ModelOutput { Name = output.Name, DataType = Type(output), Dims = { ModelDescription.Dims(model, output) }, LabelFilename = at == 0 && model.Labels.Count > 0 ? TritonConfig.LabelsFile : "" }) },
            DynamicBatching = model.MaxBatch > 0 ? new ModelDynamicBatching { MaxQueueDelayMicroseconds = (ulong)model.MaxDelay.TotalMicroseconds } : null,
        },
    });

    public override Task<ModelStatisticsResponse> ModelStatistics(ModelStatisticsRequest request, ServerCallContext context)
    {
        if (request.Name.Length > 0) return With(request.Name, request.Version, model => new ModelStatisticsResponse { ModelStats = { Statistics(model) } });
        return Task.FromResult(new ModelStatisticsResponse { ModelStats = { catalog.Slots.Select(slot => slot.Current).OfType<LoadedVersion>().Select(Statistics) } });
    }

    public override Task<RepositoryIndexResponse> RepositoryIndex(RepositoryIndexRequest request, ServerCallContext context) => Task.FromResult(new RepositoryIndexResponse
    {
        Models = { ModelDescription.Index(catalog, options, request.Ready).Select(entry => new RepositoryIndexResponse.Types.ModelIndex { Name = entry.Name, Version = entry.Version, State = entry.State, Reason = entry.Reason }) },
    });

    public override async Task<RepositoryModelLoadResponse> RepositoryModelLoad(RepositoryModelLoadRequest request, ServerCallContext context)
    {
        if (request.Parameters.Count > 0) throw RequestRefused.Bad("Models are loaded as they lie in the repository; parameters are not supported here.");
        await catalog.LoadAsync(request.ModelName);
        return new RepositoryModelLoadResponse();
    }

    public override async Task<RepositoryModelUnloadResponse> RepositoryModelUnload(RepositoryModelUnloadRequest request, ServerCallContext context)
    {
        await catalog.UnloadAsync(request.ModelName);
        return new RepositoryModelUnloadResponse();
    }

    Task<T> With<T>(string name, string version, Func<LoadedVersion, T> make)
    {
        var held = catalog.Hold(name, version);
        try
        {
            return Task.FromResult(make(held));
        }
        finally
        {
            held.Release();
        }
    }

    static ModelMetadataResponse.Types.TensorMetadata Tensor(ServedTensor tensor) => new() { Name = tensor.Name, Datatype = tensor.Datatype, Shape = { tensor.Shape } };

    static DataType Type(ServedTensor tensor) => Enum.Parse<DataType>(tensor.Type == ServedType.Bytes ? "TypeString" : $"Type{tensor.Datatype}", ignoreCase: true);

    static ModelStatistics Statistics(LoadedVersion model)
    {
        var taken = model.Statistics.Take();
        return new ModelStatistics
        {
            Name = model.Name,
            Version = $"{model.Version}",
            LastInference = (ulong)taken.LastInference,
            InferenceCount = (ulong)taken.Inferences,
            ExecutionCount = (ulong)taken.Executions,
            InferenceStats = new InferStatistics
            {
                Success = Duration(taken.Success),
                Fail = Duration(taken.Fail),
                Queue = Duration(taken.Queue),
                ComputeInput = Duration(taken.Sum(batch => batch.Input)),
                ComputeInfer = Duration(taken.Sum(batch => batch.Infer)),
                ComputeOutput = Duration(taken.Sum(batch => batch.Output)),
            },
            BatchStats =
            {
                taken.Batches.Select(batch => new InferBatchStatistics
                {
                    BatchSize = (ulong)batch.Key, ComputeInput = Duration(batch.Value.Input), ComputeInfer = Duration(batch.Value.Infer), ComputeOutput = Duration(batch.Value.Output),
                }),
            },
        };
    }

    static StatisticDuration Duration(VersionStatistics.Tally tally) => new() { Count = (ulong)tally.Count, Ns = (ulong)tally.Nanoseconds };
}
