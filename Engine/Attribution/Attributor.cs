using OnnxEdit.Engine.Attribution.Ablations;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Components;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;

namespace OnnxEdit.Engine.Attribution;

/// <summary>
/// Estimates what every component of a classifier contributes to the answer of every example (component attribution; Shah,
/// Ilyas and Madry, 2024), and evaluates such estimates.
/// </summary>
public sealed class Attributor : IDisposable
{
    const int MostAtOnce = 32;

    const long Room = 1L << 30;

    readonly AttributionOptions _options;
    readonly ClassifierSignature _signature;
    readonly NormalisedModel _model;
    readonly ComponentConstants _constants;
    readonly ItemSet _images;
    readonly Lazy<ItemSet> _inputs;
    BatchRunner? _trunk;
    readonly string _sha256;
    readonly IProgress<WorkProgress>? _progress;
    readonly CancellationToken _cancellation;

    /// <summary>Prepares a model and examples.</summary>
    /// <param name="model">The classifier, or a language model, whose answer is its mean margin over the tokens (<see cref="TokenMargin"/>); not changed.</param>
    /// <param name="images">The examples to explain; all need labels, which texts have in themselves.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told of the work.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <exception cref="OnnxEngineException">Not a classifier of float32 (<see cref="ErrorKind.Model"/>), or examples without labels (<see cref="ErrorKind.Data"/>).</exception>
    /// <exception cref="OnnxSurgeryException">The model has no such components.</exception>
    public Attributor(OnnxModel model, ItemSet images, AttributionOptions options, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var execution = ExecutionOptions.Enter(options.Execution);
        var graph = model.Proto;
        if (TokenMargin.Fits(graph)) (graph, images) = (TokenMargin.Adapt(graph), new TokenSequences(images));
        (_sha256, _images, _options, _progress, _cancellation) = (model.Sha256, images, options, progress, cancellation);
        _signature = ClassifierSignature.Of(graph, options.Output);
        _model = NormalisedModel.Create(graph);
        Components = ComponentSearch.Find(_model, [_signature.LogitsName], options.Components, options.Shortcuts, options.Layers);
        for (var i = 0; i < images.Count; i++)
            if (images.Label(i) < 0) throw new OnnxEngineException(ErrorKind.Data, $"Example {i} has no label, and what counts for an answer depends on it; give labelled data.");
        if (options.Alpha is not (> 0 and <= 0.5)) throw new OnnxEngineException(ErrorKind.Usage, "The share of components to ablate must be above 0 and at most 0.5.");
        _inputs = new(() => _images);
        if (options.Layers is not null && Late() is var (parts, suffix, components))
        {
            var (shape, batch) = (_model.Trace.Shape(parts.Crossing[0]), Batch);
            (_model, Components, _signature) = (suffix, components, ClassifierSignature.Of(parts.Suffix, _signature.LogitsName));
            _inputs = new(() => Behind(parts.Trunk, [.. shape.Skip(1).Select(d => (int)d)], batch));
        }
        try
        {
            _constants = options.Ablation == AblationKind.Mean
                ? ComponentConstants.Means(ComponentMeans.Measure(_model, Components, _inputs.Value, Batch, cancellation))
                : ComponentConstants.Of(_model, Components, options.Ablation);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The components.</summary>
    internal ComponentMap Components { get; }

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
    internal AttributionWork Work() => new(_options, _images.Count, Components.Count, Batch);

    /// <summary>Upper bounds on the memory that the work takes over several machines.</summary>
    internal MemoryBound Memory() => MemoryBound.Of(Work(), _model.Proto.Graph.Initializer.Sum(t => Bytes(t.Dims)), Activations);

    /// <summary>Opens the scope that the options name, for work on this from outside.</summary>
    internal IDisposable Enter() => ExecutionOptions.Enter(_options.Execution);

    /// <summary>What attributions are of.</summary>
    internal AttributionSubject Subject => new(_sha256, Names, [.. Enumerable.Range(0, _images.Count).Select(_images.Label)]);

    /// <summary>The examples.</summary>
    internal ItemSet Images => _images;

    /// <summary>Runs chunks of work.</summary>
    internal ChunkRunner Runner(AttributionWork work) => new(work, _model, _signature, Components, _constants, _inputs.Value);

    /// <summary>Compares attributions with what fresh random masks do.</summary>
    /// <param name="attributions">Attributions of the same examples and components.</param>
    /// <param name="alpha">Share of components that the masks ablate.</param>
    /// <param name="masks">Number of masks.</param>
    /// <exception cref="OnnxEngineException">They are of other examples or components (<see cref="ErrorKind.Data"/>).</exception>
    public AttributionEvaluation Evaluate(Attributions attributions, double alpha, int masks) => Evaluate([attributions], alpha, masks)[0];

    /// <summary>The same for several estimates, on the same masks.</summary>
    /// <inheritdoc cref="Evaluate(Attributions, double, int)"/>
    public IReadOnlyList<AttributionEvaluation> Evaluate(IReadOnlyList<Attributions> estimates, double alpha, int masks)
    {
        using var execution = Enter();
        foreach (var attributions in estimates) RequireSame(attributions);
        var design = new MaskDesign(MaskDesignKind.Bernoulli, Components.Count, alpha, _options.Seed);
        using var runs = Runs();
        int[][] ablated = [.. Enumerable.Range(0, masks).Select(k => design.Ablated(k, RandomStreams.FreshMasks))];
        var done = 0;
        var actual = runs.Run(ablated, () => _progress?.Report(new WorkProgress("fresh masks", ++done, masks)), _cancellation);
        List<double[]> Predicted(Attributions estimate) => [.. ablated.Select(gone => Enumerable.Range(0, _images.Count).Select(e => estimate.Predict(e, gone)).ToArray())];
        return [.. estimates.Select(estimate => AttributionEvaluation.Of(alpha, Predicted(estimate), actual))];
    }

    /// <summary>Frees the session of the layers before the components, which is held where their values are too many to be kept.</summary>
    public void Dispose() => _trunk?.Dispose();

    // What the trunk makes of the examples; its session ends here unless items are still to be computed by it.
    ItemSet Behind(ModelProto trunk, IReadOnlyList<int> shape, int batch)
    {
        _trunk = new BatchRunner(trunk);
        var inputs = new TrunkItemSet(_images, _trunk, shape, batch).Kept(_cancellation);
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

    // With components in late layers only, what lies before them is run once, and these are the same layers in what lies behind.
    (CutParts, NormalisedModel, ComponentMap)? Late()
    {
        var nodes = Components.Layers.Select(l => l.Node).ToHashSet();
        if (TrunkCut.Before(_model, _signature, nodes.Contains) is not { } parts) return null;
        var suffix = _model.Part(parts.Suffix);
        ComponentLayer[] layers = [.. Components.Layers.Where(l => suffix.Index.Producer(l.Tensor) is not null).Select(l => l with { Node = suffix.Index.Producer(l.Tensor)! })];
        return layers.Length == Components.Layers.Count ? (parts, suffix, new ComponentMap(layers)) : null;
    }

    string[] Names => [.. Enumerable.Range(0, Components.Count).Select(Components.Name)];

    AblationRuns Runs() => new(_model, _signature, Components, _constants, _inputs.Value, _options.Answer, Batch);
}
