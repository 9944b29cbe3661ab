using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Tasks;

/// <summary>
/// Reads what the last linear layer reads, and the logits, of any images: everything before the layer, the trunk, is run
/// once for images that many edits are measured on. One session serves all calls.
/// </summary>
sealed class FeatureReader : IDisposable
{
    readonly ClassifierSession _session;

    FeatureReader(ClassifierSession session) => _session = session;

    /// <summary>Loads a model.</summary>
    /// <param name="model">The folded model that the layer was found in.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="output">Name of the logits, or null.</param>
    public static FeatureReader Of(ModelProto model, LastLayer layer, string? output) => new(new ClassifierSession(model, output, inner: layer.Features));

    /// <summary>Features and logits of images, a row each.</summary>
    /// <param name="images">The images.</param>
    /// <param name="progress">Told how many are done.</param>
    /// <param name="cancellation">Stops between batches.</param>
    public (float[][] Features, float[][] Logits) Read(ItemSet images, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        var (features, logits) = (new float[images.Count][], new float[images.Count][]);
        _session.Run(images, (first, count, values) => Copy(values, first, count, logits), progress, cancellation, (first, count, values) => Copy(values, first, count, features));
        return (features, logits);
    }

    /// <summary>Hands features over batch by batch, so that none need be kept.</summary>
    /// <param name="images">The images.</param>
    /// <param name="read">Gets features row by row; valid during the call only.</param>
    /// <param name="cancellation">Stops between batches.</param>
    public void Run(ItemSet images, LogitsReader read, CancellationToken cancellation) => _session.Run(images, (_, _, _) => { }, null, cancellation, read);

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    static void Copy(ReadOnlySpan<float> values, int first, int count, float[][] rows)
    {
        var length = values.Length / count;
        for (var i = 0; i < count; i++) rows[first + i] = values.Slice(i * length, length).ToArray();
    }
}
