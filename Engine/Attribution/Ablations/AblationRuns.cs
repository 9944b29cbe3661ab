using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Components;
using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Attribution.Ablations;

/// <summary>
/// Answers of examples under masks that all of them share. For many examples each mask is folded into the weights of a
/// session of its own, which then runs as fast as the network itself; for few, masks are an input of one session.
/// </summary>
sealed class AblationRuns : IDisposable
{
    /// <summary>From so many examples on, a session per mask is worth its making.</summary>
    const int ExamplesForSession = 128;

    readonly NormalisedModel _model;
    readonly ClassifierSignature _signature;
    readonly ComponentMap _components;
    readonly ComponentConstants _constants;
    readonly ItemSet _images;
    readonly AnswerKind _answer;
    readonly int _batch;
    readonly MaskedForward? _masked;

    /// <summary>Prepares a network and its examples.</summary>
    /// <param name="model">The folded model.</param>
    /// <param name="signature">What it takes and returns.</param>
    /// <param name="components">Its components.</param>
    /// <param name="constants">What stands for an ablated one.</param>
    /// <param name="images">The examples, all labelled.</param>
    /// <param name="answer">What is measured.</param>
    /// <param name="batch">Examples per run.</param>
    public AblationRuns(
        NormalisedModel model, ClassifierSignature signature, ComponentMap components, ComponentConstants constants,
        ItemSet images, AnswerKind answer, int batch)
    {
        (_model, _signature, _components, _constants) = (model, signature, components, constants);
        (_images, _answer, _batch) = (images, answer, batch);
        if (images.Count < ExamplesForSession && signature.FixedBatch is null) _masked = new MaskedForward(model, signature, components, constants, images, Math.Min(batch, images.Count));
    }

    /// <summary>Answers of all examples without some components.</summary>
    /// <param name="ablated">The components of each mask, ascending.</param>
    /// <param name="done">Told of each mask that is done, of one at a time, or null.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <returns>The answers, [masks][examples].</returns>
    /// <exception cref="OnnxEngineException">The model fails.</exception>
    public float[][] Run(IReadOnlyList<int[]> ablated, Action? done, CancellationToken cancellation)
    {
        var answers = ablated.Select(_ => new float[_images.Count]).ToArray();
        if (_masked is not null)
            for (var k = 0; k < ablated.Count; k++)
            {
                RunMasked(ablated[k], answers[k], cancellation);
                done?.Invoke();
            }
        else
            SessionLanes.Run(
                ablated.Count,
                k =>
                {
                    RunFolded(ablated[k], answers[k], cancellation);
                    lock (answers) done?.Invoke();
                },
                cancellation);
        return answers;
    }

    /// <summary>The graph without some components.</summary>
    public ModelProto Without(IEnumerable<int> ablated)
    {
        var gone = new bool[_components.Count];
        foreach (var j in ablated) gone[j] = true;
        return ComponentAblation.Apply(_model, _components, _constants, gone);
    }

    /// <inheritdoc/>
    public void Dispose() => _masked?.Dispose();

    void RunFolded(int[] ablated, float[] answers, CancellationToken cancellation)
    {
        using var session = new ClassifierSession(Without(ablated), _signature.OutputName, _batch);
        session.Run(_images, (first, count, logits) => Read(first, count, logits, answers), null, cancellation);
    }

    void RunMasked(int[] ablated, float[] answers, CancellationToken cancellation)
    {
        var (rows, width) = (_masked!.Batch, _components.Count);
        Array.Fill(_masked.Masks, 1);
        for (var i = 0; i < rows; i++)
            foreach (var j in ablated) _masked.Masks[i * width + j] = 0;
        for (var first = 0; first < _images.Count; first += rows)
        {
            cancellation.ThrowIfCancellationRequested();
            var (at, count) = (first, Math.Min(rows, _images.Count - first));
            _images.Fill(at, count, _masked.Images);
            _masked.Run(logits => Read(at, count, logits[..(logits.Length / rows * count)], answers));
        }
    }

    void Read(int first, int count, ReadOnlySpan<float> logits, float[] answers)
    {
        var classes = logits.Length / count;
        for (var i = 0; i < count; i++)
            answers[first + i] = (float)Answers.Of(logits.Slice(i * classes, classes), _images.Label(first + i), _answer);
    }
}
