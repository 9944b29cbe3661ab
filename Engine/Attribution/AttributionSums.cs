using OnnxEdit.Engine.Attribution.Ablations;

namespace OnnxEdit.Engine.Attribution;

/// <summary>
/// What chunks add up to. They are added in the order of their numbers, whoever ran them, so that every bit of the result is
/// settled by the work; and the size does not depend on how many ablations there are.
/// </summary>
sealed class AttributionSums
{
    readonly AttributionWork _work;
    int _next;

    /// <summary>Nothing yet.</summary>
    public AttributionSums(AttributionWork work)
    {
        _work = work;
        var (n, d, method) = (work.Examples, work.Components, work.Options.Method);
        Answers = new float[n];
        if (work.Gradients is not null) Gradients = new PathGradients(n, d);
        if (work.LeftOut > 0) LeftOut = Rows(n, d);
        if (work.Ablations > work.LeftOut) Ablations = new AblationSums(d, n);
        if (work.HasHeld) Held = new AblationSums(d, n);
    }

    /// <summary>Sums of all chunks that were made before.</summary>
    public AttributionSums(AttributionWork work, float[] answers, PathGradients? gradients, AblationSums? ablations, AblationSums? held, float[][]? leftOut)
    {
        (_work, _next) = (work, work.Chunks.Count);
        (Answers, Gradients, Ablations, Held, LeftOut) = (answers, gradients, ablations, held, leftOut);
    }

    /// <summary>Answers of the network as it is, [examples].</summary>
    public float[] Answers { get; }

    /// <summary>Sums of gradients, or null.</summary>
    public PathGradients? Gradients { get; }

    /// <summary>Sums over ablations to fit to, or null.</summary>
    public AblationSums? Ablations { get; }

    /// <summary>Sums over ablations to choose the ridge on, or null.</summary>
    public AblationSums? Held { get; }

    /// <summary>What answers lose without each component alone, [examples][components], or null.</summary>
    public float[][]? LeftOut { get; }

    /// <summary>Adds the next chunk.</summary>
    /// <exception cref="InvalidOperationException">It is not the next one.</exception>
    public void Add(AttributionChunk chunk, ChunkValues values)
    {
        if (chunk.Number != _next++) throw new InvalidOperationException($"Chunk {chunk.Number} is not the next one.");
        switch (chunk.Kind)
        {
            case ChunkKind.Answers:
                values.Answers![0].CopyTo(Answers, 0);
                break;
            case ChunkKind.Gradients:
                Gradients!.Add(chunk.Example, values.Gradients!);
                break;
            default:
                for (var k = 0; k < chunk.Count; k++) Add(chunk.First + k, values.Answers![k]);
                break;
        }
    }

    void Add(int ablation, float[] answers)
    {
        if (ablation < _work.LeftOut)
            for (var e = 0; e < answers.Length; e++) LeftOut![e][ablation] = Answers[e] - answers[e];
        else (_work.IsHeld(ablation) ? Held! : Ablations!).Add(_work.Ablated(ablation), answers);
    }

    static float[][] Rows(int count, int length) => [.. Enumerable.Range(0, count).Select(_ => new float[length])];
}
