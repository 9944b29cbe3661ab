using OnnxEdit.Engine.Attribution.Ablations;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Components;
using OnnxEdit.Surgery.Graph;

namespace OnnxEdit.Engine.Attribution;

/// <summary>Runs chunks of work on this machine. What a chunk gives depends on nothing that was run before it.</summary>
sealed class ChunkRunner : IDisposable
{
    readonly AttributionWork _work;
    readonly ItemSet _images;
    readonly Lazy<MaskedGradients> _gradients;
    readonly Lazy<AblationRuns> _runs;

    /// <summary>Prepares a network and its examples; sessions are made when they are needed.</summary>
    public ChunkRunner(
        AttributionWork work, NormalisedModel model, ClassifierSignature signature, ComponentMap components, ComponentConstants constants, ItemSet images)
    {
        (_work, _images) = (work, images);
        var (answer, byOutput) = (work.Options.Answer, work.Method.ByOutput);
        _gradients = new(() => new MaskedGradients(model, signature, components, constants, answer, work.Batch, byOutput));
        _runs = new(() => new AblationRuns(model, signature, components, constants, images, answer, work.Batch));
    }

    /// <summary>Runs one chunk.</summary>
    /// <param name="chunk">The chunk.</param>
    /// <param name="progress">Told of the cost of what was run, see <see cref="AttributionChunk.Cost"/>.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <exception cref="OnnxEngineException">The model fails.</exception>
    public ChunkValues Run(AttributionChunk chunk, Action<long>? progress, CancellationToken cancellation) =>
        chunk.Kind == ChunkKind.Gradients ? Gradients(chunk, progress, cancellation) : Answers(chunk, progress, cancellation);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_gradients.IsValueCreated) _gradients.Value.Dispose();
        if (_runs.IsValueCreated) _runs.Value.Dispose();
    }

    ChunkValues Answers(AttributionChunk chunk, Action<long>? progress, CancellationToken cancellation)
    {
        int[][] ablated = chunk.Kind == ChunkKind.Answers ? [[]] : [.. Enumerable.Range(chunk.First, chunk.Count).Select(_work.Ablated)];
        return new ChunkValues(_runs.Value.Run(ablated, () => progress?.Invoke(chunk.Examples), cancellation), null);
    }

    ChunkValues Gradients(AttributionChunk chunk, Action<long>? progress, CancellationToken cancellation)
    {
        var (session, masks, d) = (_gradients.Value, _work.Gradients!, _work.Components);
        var sums = new PathGradients(chunk.Examples, d);
        var count = session.Load(_images, chunk.Example);
        for (var pass = chunk.First; pass < chunk.First + chunk.Count; pass++)
        {
            cancellation.ThrowIfCancellationRequested();
            var number = pass;
            ThreadedLoop.For(0, session.Batch, i => masks.Fill(chunk.Example + Math.Min(i, count - 1), number, session.Masks.AsSpan(i * d, d)));
            session.Run((_, gradients) => sums.Add(masks, count, session.Masks, gradients));
            progress?.Invoke(3L * count);
        }
        return new ChunkValues(null, sums);
    }
}
