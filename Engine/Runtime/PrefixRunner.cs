using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;

namespace OnnxEdit.Engine.Runtime;

/// <summary>
/// Computes activations of a network over a calibration set front to back, from the activations it already holds
/// rather than from the images: each layer runs once, however many stops the walk makes.
/// </summary>
sealed class PrefixRunner : IDisposable
{
    readonly ModelProto _model;
    readonly ItemLayout _layout;
    readonly ActivationStore _store = new();
    readonly int _batch;

    /// <summary>Starts with the images themselves.</summary>
    /// <param name="model">The network; read again at every step, so its weights may change between steps.</param>
    /// <param name="layout">What its items look like.</param>
    /// <param name="images">Model-ready images.</param>
    /// <param name="batch">Images a run takes, where several can go through the model at once.</param>
    public PrefixRunner(ModelProto model, ItemLayout layout, ItemSet images, int batch)
    {
        (_model, _layout, _batch) = (model, layout, batch);
        var rows = new ModelItems(model, layout, images);
        Count = rows.Count;
        Padding = PositionMask.Of(model, layout, rows);
        try
        {
            foreach (var (name, items) in rows.Inputs) Store(name, items);
        }
        catch
        {
            _store.Dispose();
            throw;
        }
    }

    void Store(string name, ItemSet items)
    {
        var (length, shape) = (items.ItemLength, _layout.RowShape(name));
        var buffer = new float[_batch * length];
        for (var at = 0; at < Count; at += _batch)
        {
            var n = Math.Min(_batch, Count - at);
            items.Fill(at, n, buffer);
            _store.Write(name, at, n, buffer.AsSpan(0, n * length), ItemLayout.Stack(shape, n));
        }
    }

    /// <summary>Number of items: images, or whole batches of them for a model that insists on a batch.</summary>
    public int Count { get; }

    /// <summary>Which positions of the items are padding; null: none. Stored tensors that layers compute hold 0 there.</summary>
    public PositionMask? Padding { get; }

    /// <summary>Items per run.</summary>
    public int Batch => _batch;

    /// <summary>Makes sure that the given tensors are stored.</summary>
    /// <param name="wanted">Tensor names.</param>
    /// <param name="cancellation">Stops between batches.</param>
    public void Compute(IEnumerable<string> wanted, CancellationToken cancellation)
    {
        var missing = wanted.Where(w => !_store.Contains(w)).Distinct().ToArray();
        if (missing.Length == 0) return;
        var part = SubgraphExtraction.Between(_model, _layout.Trace, _store.Names, missing);
        FloatBoundary.Apply(part, _layout.Trace);
        using var runner = new BatchRunner(part);
        StreamPart(runner, (at, n, o, values, shape) => _store.Write(missing[o], at, n, values, shape), cancellation);
    }

    /// <summary>Computes a stored tensor again after weights before it changed.</summary>
    public void Renew(string tensor, CancellationToken cancellation)
    {
        _store.Keep(n => n != tensor);
        Compute([tensor], cancellation);
    }

    /// <summary>Runs a graph over stored tensors batch by batch.</summary>
    /// <param name="runner">Its inputs must be stored tensors, or <paramref name="extra"/> inputs after those.</param>
    /// <param name="read">Gets each output: first image, images, output number, values, shape.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <param name="extra">Further inputs of a batch, made from (first image, images).</param>
    /// <param name="limit">Images to stream at most, the first ones.</param>
    public void Stream(
        BatchRunner runner, BatchReader read, CancellationToken cancellation, Func<int, int, BatchInput[]>? extra = null, int limit = int.MaxValue) =>
        Stream(runner, read, cancellation, extra, limit, _batch);

    /// <summary>The same for a part of the network itself, item by item where that takes no batches.</summary>
    public void StreamPart(
        BatchRunner runner, BatchReader read, CancellationToken cancellation, Func<int, int, BatchInput[]>? extra = null, int limit = int.MaxValue) =>
        Stream(runner, Padding is null ? read : Blanked(read, Padding), cancellation, extra, limit, _layout.IsBatched ? _batch : 1);

    static BatchReader Blanked(BatchReader read, PositionMask padding) => (first, count, output, values, shape) =>
    {
        var own = values.ToArray();
        padding.Blank(own, shape.Length == 0 ? shape : [shape[0] / count, .. shape.Skip(1)], first, count);
        read(first, count, output, own, shape);
    };

    void Stream(
        BatchRunner runner, BatchReader read, CancellationToken cancellation, Func<int, int, BatchInput[]>? extra, int limit, int batch)
    {
        var stored = runner.Inputs.TakeWhile(_store.Contains).ToArray();
        var buffers = stored.Select(s => new float[batch * _store.RowLength(s)]).ToArray();
        var images = Math.Min(Count, limit);
        for (var at = 0; at < images; at += batch)
        {
            cancellation.ThrowIfCancellationRequested();
            var n = Math.Min(batch, images - at);
            var inputs = new List<BatchInput>();
            for (var i = 0; i < stored.Length; i++)
            {
                _store.Read(stored[i], at, n, buffers[i]);
                inputs.Add(new BatchInput(buffers[i], ItemLayout.Stack(_store.Shape(stored[i]), n)));
            }
            if (extra is not null) inputs.AddRange(extra(at, n));
            var (first, count) = (at, n);
            runner.Run(inputs, (o, values, shape) => read(first, count, o, values, shape));
        }
    }

    /// <summary>Names of the stored tensors.</summary>
    public IReadOnlyCollection<string> Names => _store.Names;

    /// <summary>Shape of a stored tensor for one item.</summary>
    public long[] Shape(string tensor) => _store.Shape(tensor);

    /// <summary>Elements per image of a stored tensor.</summary>
    public int RowLength(string tensor) => _store.RowLength(tensor);

    /// <summary>Reads stored rows.</summary>
    public void Read(string tensor, int first, int count, Span<float> values) => _store.Read(tensor, first, count, values);

    /// <summary>Drops what no tensor of <paramref name="future"/> can need any more.</summary>
    public void Forget(IReadOnlyCollection<string> future)
    {
        var index = new GraphIndex(_model.Graph);
        var needed = new HashSet<string>();
        var seen = new HashSet<string>();
        var pending = new Stack<string>(future);
        while (pending.TryPop(out var tensor))
        {
            if (!seen.Add(tensor)) continue;
            if (_store.Contains(tensor))
            {
                needed.Add(tensor);
                continue;
            }
            if (index.Producer(tensor) is { } node)
                foreach (var i in node.Input.Concat(GraphIndex.Captures(node)).Where(i => i.Length > 0)) pending.Push(i);
        }
        _store.Keep(needed.Contains);
        HeapRoom.Make();
    }

    /// <inheritdoc/>
    public void Dispose() => _store.Dispose();
}

/// <summary>Reads one output of one batch of a stream.</summary>
delegate void BatchReader(int first, int count, int output, ReadOnlySpan<float> values, long[] shape);
