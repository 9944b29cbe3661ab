using OnnxEdit.Engine.Attribution.Ablations;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Components;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Attribution;

/// <summary>A model and examples made ready for attributions: folded, searched for components, and what stands for an ablated one measured.</summary>
sealed class AttributionSession : IDisposable
{
    const int MostAtOnce = 32;

    const long Room = 1L << 30;

    readonly AttributionOptions _options;
    readonly ItemSet _images;
    readonly string _sha256;
    readonly IProgress<WorkProgress>? _progress;
    readonly CancellationToken _cancellation;
    readonly Lazy<ComponentConstants> _constants;
    ClassifierSignature _signature;
    NormalisedModel _model;
    Lazy<ItemSet> _inputs;
    BatchRunner? _trunk;

    AttributionSession(
        NormalisedModel model, string sha256, ItemSet images, AttributionOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        (_model, _sha256, _images, _options, _progress, _cancellation) = (model, sha256, images, options, progress, cancellation);
        (_inputs, _constants) = (new(() => images), new(Constants));
        _signature = ClassifierSignature.Of(model.Proto, options.Output);
        Components = ComponentSearch.Find(model, [_signature.LogitsName], options.Components, options.Shortcuts, options.Layers);
    }

    /// <summary>Makes a model and examples ready.</summary>
    /// <inheritdoc cref="Attributor.Attribute"/>
    public static AttributionSession Open(
        OnnxModel model, ItemSet images, AttributionOptions options, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var execution = ExecutionOptions.Enter(options.Execution);
        var graph = model.Proto;
        if (TokenMargin.Fits(graph)) (graph, images) = (TokenMargin.Adapt(graph), new TokenSequences(images));
        return Prepare(DataShapes.Normalised(graph, null, images), model.Sha256, images, options, progress, cancellation);
    }

    /// <summary>The same for a graph that is folded and traced already; what comes of it is of no stored model.</summary>
    /// <inheritdoc cref="Attributor.Attribute"/>
    public static AttributionSession Open(
        NormalisedModel model, ItemSet images, AttributionOptions options, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var execution = ExecutionOptions.Enter(options.Execution);
        return Prepare(model, "", images, options, progress, cancellation);
    }

    static AttributionSession Prepare(
        NormalisedModel model, string sha256, ItemSet images, AttributionOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        for (var i = 0; i < images.Count; i++)
            if (images.Label(i) < 0) throw new OnnxEngineException(ErrorKind.Data, $"Example {i} has no label, and what counts for an answer depends on it; give labelled data.");
        if (options.Alpha is not (> 0 and <= 0.5)) throw new OnnxEngineException(ErrorKind.Usage, "The share of components to ablate must be above 0 and at most 0.5.");
        var session = new AttributionSession(model, sha256, images, options, progress, cancellation);
        if (options.Layers is not null) session.StartLate();
        return session;
    }

    /// <summary>The components.</summary>
    public ComponentMap Components { get; private set; }

    // As many as compute fastest, and half as many again and again until what gradients keep of them has room.
    int Batch
    {
        get
        {
            var batch = MostAtOnce;
            while (batch > 1 && MemoryBound.Kept(batch, Activations) > Room) batch /= 2;
            return _signature.FixedBatch ?? Math.Min(_options.Batch ?? batch, _images.Count);
        }
    }

    // Bytes of all activations of one example.
    long Activations => _model.Trace.Shapes.Where(s => _model.Trace.BatchAxis(s.Key) >= 0).Sum(s => Bytes(s.Value)) / _model.Trace.Batch;

    static long Bytes(IEnumerable<long> shape) => sizeof(float) * shape.Aggregate(1L, (a, b) => a * b);

    /// <summary>Estimates attributions. Synchronous; writes no files.</summary>
    /// <exception cref="OnnxEngineException">The budget is too small for the method (<see cref="ErrorKind.Usage"/>).</exception>
    /// <exception cref="OnnxSurgeryException">An operator has no gradient, and the method needs one.</exception>
    public Attributions Attribute()
    {
        using var execution = Enter();
        var work = Work();
        var sums = new AttributionSums(work);
        using var runner = Runner(work);
        var (done, all) = (0L, work.Cost);
        foreach (var chunk in work.Chunks)
            sums.Add(chunk, runner.Run(chunk, cost => _progress?.Report(new WorkProgress("attributions", done += cost, all)), _cancellation));
        return AttributionEstimate.Of(work, sums, Subject);
    }

    /// <summary>What has to be run for attributions, chunk by chunk.</summary>
    /// <exception cref="OnnxEngineException">The budget is too small for the method (<see cref="ErrorKind.Usage"/>).</exception>
    public AttributionWork Work() => new(_options, _images.Count, Components.Count, Batch);

    /// <summary>Upper bounds on the memory that the work takes over several machines.</summary>
    public MemoryBound Memory() => MemoryBound.Of(Work(), _model.Proto.Graph.Initializer.Sum(t => Bytes(t.Dims)), Activations);

    /// <summary>Opens the scope that the options name, for work on this from outside.</summary>
    public IDisposable Enter() => ExecutionOptions.Enter(_options.Execution);

    /// <summary>What attributions are of.</summary>
    public AttributionSubject Subject => new(_sha256, Names, [.. Enumerable.Range(0, _images.Count).Select(_images.Label)]);

    /// <summary>The examples.</summary>
    public ItemSet Images => _images;

    /// <summary>Runs chunks of work.</summary>
    public ChunkRunner Runner(AttributionWork work) => new(work, _model, _signature, Components, _constants.Value, _inputs.Value);

    /// <summary>Compares estimates with what fresh random masks do, the same for all of them.</summary>
    /// <param name="estimates">Attributions of these examples and components.</param>
    /// <param name="alpha">Share of components that the masks ablate.</param>
    /// <param name="masks">Number of masks.</param>
    /// <exception cref="OnnxEngineException">They are of other examples or components (<see cref="ErrorKind.Data"/>).</exception>
    public IReadOnlyList<AttributionEvaluation> Evaluate(IReadOnlyList<Attributions> estimates, double alpha, int masks)
    {
        using var execution = Enter();
        foreach (var attributions in estimates) RequireSame(attributions);
        var design = new MaskDesign(MaskDesignKind.Bernoulli, Components.Count, alpha, _options.Seed);
        using var runs = new AblationRuns(_model, _signature, Components, _constants.Value, _inputs.Value, _options.Answer, Batch);
        int[][] ablated = [.. Enumerable.Range(0, masks).Select(k => design.Ablated(k, RandomStreams.FreshMasks))];
        var done = 0;
        var actual = runs.Run(ablated, () => _progress?.Report(new WorkProgress("fresh masks", ++done, masks)), _cancellation);
        List<double[]> Predicted(Attributions estimate) => [.. ablated.Select(gone => Enumerable.Range(0, _images.Count).Select(e => estimate.Predict(e, gone)).ToArray())];
        return [.. estimates.Select(estimate => AttributionEvaluation.Of(alpha, Predicted(estimate), actual))];
    }

    /// <summary>Frees the session of the layers before the components, which is held where their values are too many to be kept.</summary>
    public void Dispose() => _trunk?.Dispose();

    ComponentConstants Constants() => _options.Ablation == AblationKind.Mean
        ? ComponentConstants.Means(ComponentMeans.Measure(_model, Components, _inputs.Value, Batch, _cancellation))
        : ComponentConstants.Of(_model, Components, _options.Ablation);

    // With components in late layers only, what lies before them is run once, and these are the same layers in what lies behind.
    void StartLate()
    {
        var nodes = Components.Layers.Select(l => l.Node).ToHashSet();
        if (TrunkCut.Before(_model, _signature, nodes.Contains) is not { } parts) return;
        var suffix = _model.Part(parts.Suffix);
        ComponentLayer[] layers = [.. Components.Layers.Where(l => suffix.Index.Producer(l.Tensor) is not null).Select(l => l with { Node = suffix.Index.Producer(l.Tensor)! })];
        if (layers.Length != Components.Layers.Count) return;
        var (index, shape, batch) = (_model.Index, _model.Trace.Shape(parts.Crossing[0]), Batch);
        (_model, Components, _signature) = (suffix, new ComponentMap(layers), ClassifierSignature.Of(parts.Suffix, _signature.LogitsName));
        _inputs = new(() => Behind(index, parts.Trunk, [.. shape.Skip(1).Select(d => (int)d)], batch));
    }

    // What the trunk makes of the examples; its session ends here unless items are still to be computed by it.
    ItemSet Behind(GraphIndex model, ModelProto trunk, IReadOnlyList<int> shape, int batch)
    {
        _trunk = new BatchRunner(trunk);
        var inputs = new TrunkItemSet(_images, model, _trunk, shape, batch).Kept(_cancellation);
        if (inputs is not TrunkItemSet)
        {
            _trunk.Dispose();
            _trunk = null;
        }
        return inputs;
    }

    void RequireSame(Attributions attributions)
    {
        if (attributions.Scores.Count != _images.Count || !attributions.Components.SequenceEqual(Names))
            throw new OnnxEngineException(ErrorKind.Data, $"The attributions are of {attributions.Scores.Count} examples and {attributions.Components.Count} components, and here are {_images.Count} and {Components.Count}; give the model, data and options they were made with.");
    }

    string[] Names => [.. Enumerable.Range(0, Components.Count).Select(Components.Name)];
}
