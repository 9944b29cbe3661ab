using OnnxEdit.Engine.Attribution.Ablations;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Components;
using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Attribution;

/// <summary>A model and examples made ready for attributions: folded, searched for components, and what stands for an ablated one measured.</summary>
sealed class AttributionSession : IDisposable
{
    const int MostAtOnce = 32;

    const long Room = 1L << 30;

    const string OfClasses = "classes or words that come next";

    readonly AttributionOptions _options;
    readonly ItemSet _images;
    readonly string _sha256;
    readonly OwnAnswerModel? _own;
    readonly IProgress<WorkProgress>? _progress;
    readonly CancellationToken _cancellation;
    readonly Lazy<ComponentConstants> _constants;
    ClassifierSignature _signature;
    NormalisedModel _model;
    Lazy<ItemSet> _inputs;
    BatchRunner? _trunk;

    AttributionSession(
        NormalisedModel model, string sha256, ItemSet images, OwnAnswerModel? own, AttributionOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        (_model, _sha256, _images, _own, _options, _progress, _cancellation) = (model, sha256, images, own, options, progress, cancellation);
        (_inputs, _constants) = (new(() => own?.Items ?? images), new(Constants));
        _signature = ClassifierSignature.Of(model.Proto, own is null ? options.Output : AnswerGraph.Output);
        Components = ComponentSearch.Find(model, own?.Scores ?? [_signature.LogitsName], options.Components, options.Shortcuts, options.Layers);
    }

    /// <summary>Makes a model and examples ready.</summary>
    /// <inheritdoc cref="Attributor.Attribute"/>
    public static AttributionSession Open(
        OnnxModel model, ItemSet images, AttributionOptions options, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var execution = ExecutionOptions.Enter(options.Execution);
        var graph = model.Proto;
        if (ExplainedTask.IsLanguageModel(graph, options.Task)) (graph, images) = (TokenMargin.Adapt(graph), new TokenSequences(images));
        else if (ExplainedTask.Of(graph, options.Evaluation, images) is { } task) return OpenOwn(model, task, images, options, progress, cancellation);
        return Prepare(DataShapes.Normalised(graph, null, images), model.Sha256, images, options, progress, cancellation);
    }

    // A model that is no classifier: its own answers are what ablated ones are compared with.
    static AttributionSession OpenOwn(OnnxModel model, ModelTask task, ItemSet images, AttributionOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        if (options.Answer != AnswerKind.Margin)
            throw new OnnxEngineException(ErrorKind.Usage, $"AttributionOptions.Answer = {Words.Of(options.Answer)} is of classes, and the model is explained as {task.Name}, by its own answers; leave it away.");
        var own = OwnAnswerModel.Of(model.Proto, task, options.Evaluation, images, progress, cancellation);
        if (options.Ablation == AblationKind.Mean && own.IsPadded)
            throw new OnnxEngineException(ErrorKind.Usage, "AttributionOptions.Ablation = mean would count padding among the values that means are taken over; take zero-weight or zero for texts of several lengths.");
        var folded = DataShapes.Normalised(own.Graph, null, own.Items);
        OwnAnswerModel.RequireRows(folded);
        return Prepare(folded, model.Sha256, images, options, progress, cancellation, own);
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
        NormalisedModel model, string sha256, ItemSet images, AttributionOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation, OwnAnswerModel? own = null)
    {
        for (var i = 0; own is null && i < images.Count; i++)
            if (images.Label(i) < 0) throw new OnnxEngineException(ErrorKind.Data, $"Example {i} has no label, and what counts for an answer depends on it; give labelled data.");
        if (options.Alpha is not (> 0 and <= 0.5)) throw new OnnxEngineException(ErrorKind.Usage, "The share of components to ablate must be above 0 and at most 0.5.");
        var session = new AttributionSession(model, sha256, images, own, options, progress, cancellation);
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
    public AttributionSubject Subject => new(_sha256, Names, [.. Enumerable.Range(0, _images.Count).Select(_images.Label)], _own?.Answer);

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

    /// <summary>Measures the task's metric without the components that attributions call least and most important, and without random ones; null for classifiers and language models.</summary>
    /// <param name="attributions">Attributions of these examples and components.</param>
    /// <param name="shares">Shares of the components to ablate.</param>
    /// <exception cref="OnnxEngineException">They are of other examples or components (<see cref="ErrorKind.Data"/>), or the metric is of too few examples.</exception>
    public AblatedMetrics? Measure(Attributions attributions, IReadOnlyList<double> shares)
    {
        if (_own is null) return null;
        using var execution = Enter();
        RequireSame(attributions);
        return AblatedMetrics.Of(attributions, shares, Without, _own.Examples, _options.Evaluation with { Task = _own.Answer.Task }, _options.Seed, _progress, _cancellation);
    }

    ModelProto Without(int[] ablated)
    {
        var gone = new bool[Components.Count];
        foreach (var j in ablated) gone[j] = true;
        return _own!.Restored(ComponentAblation.Apply(_model, Components, _constants.Value, gone), _model);
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
        var (said, here) = (attributions.Facts.GetValueOrDefault("answer_is", OfClasses), _own?.Answer.Said ?? OfClasses);
        if (said != here) throw new OnnxEngineException(ErrorKind.Data, $"The attributions explain {said}, and here it is {here}; give the data and options they were made with.");
    }

    string[] Names => [.. Enumerable.Range(0, Components.Count).Select(Components.Name)];
}
