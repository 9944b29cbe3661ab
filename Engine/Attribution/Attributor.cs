using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Attribution;

/// <summary>
/// Estimates what every component of a model contributes to the answer of every example (component attribution; Shah,
/// Ilyas and Madry, 2024), and evaluates such estimates.
/// </summary>
public static class Attributor
{
    /// <summary>Estimates attributions. Synchronous; writes no files.</summary>
    /// <param name="model">The classifier, a language model, whose answer is its mean margin over the tokens, or a model of another task, whose answer is how far it keeps its own; not changed.</param>
    /// <param name="examples">The examples to explain; for a classifier all need labels.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told of the work, in forward passes of one example.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <returns>Scores, examples x components: by how much the answer falls without the component.</returns>
    /// <exception cref="OnnxEngineException">
    /// Nothing that it returns can be explained (<see cref="ErrorKind.Model"/>), examples without labels (<see cref="ErrorKind.Data"/>), or a budget too
    /// small for the method (<see cref="ErrorKind.Usage"/>).
    /// </exception>
    /// <exception cref="OnnxSurgeryException">The model has no such components, or an operator has no gradient and the method needs one.</exception>
    public static Attributions Attribute(
        OnnxModel model, ItemSet examples, AttributionOptions options, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var session = AttributionSession.Open(model, examples, options, progress, cancellation);
        return session.Attribute();
    }

    /// <summary>Compares attributions with what fresh random masks do (linear datamodelling score; Shah et al., 2024, section 4).</summary>
    /// <param name="model">The model that the attributions are of; not changed.</param>
    /// <param name="examples">The examples that the attributions are of.</param>
    /// <param name="attributions">The attributions.</param>
    /// <param name="alpha">Share of components that the masks ablate.</param>
    /// <param name="masks">Number of masks.</param>
    /// <param name="options">How the attributions were made.</param>
    /// <param name="progress">Told of the work, in masks.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <exception cref="OnnxEngineException">They are of other examples or components (<see cref="ErrorKind.Data"/>).</exception>
    public static AttributionEvaluation Evaluate(
        OnnxModel model, ItemSet examples, Attributions attributions, double alpha, int masks, AttributionOptions options,
        IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var session = AttributionSession.Open(model, examples, options, progress, cancellation);
        return session.Evaluate([attributions], alpha, masks)[0];
    }
}
