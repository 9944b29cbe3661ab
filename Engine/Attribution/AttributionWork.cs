using OnnxEdit.Engine.Attribution.Ablations;
using OnnxEdit.Engine.Attribution.Methods;
using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Attribution;

/// <summary>
/// All that has to be run for attributions, cut into chunks. It follows from the options and four numbers alone, so that every
/// machine that takes part has the same list without asking another one.
/// </summary>
sealed class AttributionWork
{
    /// <summary>One of so many ablations is held out to choose the ridge on.</summary>
    const int HeldShare = 5;

    readonly MaskDesign _design;

    /// <summary>Lists the work.</summary>
    /// <param name="options">How attributions are made.</param>
    /// <param name="examples">Number of examples.</param>
    /// <param name="components">Number of components.</param>
    /// <param name="batch">Examples per run.</param>
    /// <exception cref="OnnxEngineException">There is no such method, or the budget is too small for it (<see cref="ErrorKind.Usage"/>).</exception>
    public AttributionWork(AttributionOptions options, int examples, int components, int batch)
    {
        (Options, Examples, Components, Batch) = (options, examples, components, batch);
        Method = AttributionMethods.Table.Of(options.Method);
        _design = new MaskDesign(options.Design, components, options.Alpha, options.Seed);
        (Passes, Ablations) = Method.Work(options, components);
        LeftOut = Method.LeavesOneOut ? components : 0;
        Gradients = Method.Gradients?.Invoke(options, components, Passes);
        RequireBudget();
        Chunks = [.. Cut().Select((chunk, number) => chunk with { Number = number })];
    }

    /// <summary>How attributions are made.</summary>
    public AttributionOptions Options { get; }

    /// <summary>The method.</summary>
    internal MethodRow Method { get; }

    /// <summary>Number of examples.</summary>
    public int Examples { get; }

    /// <summary>Number of components.</summary>
    public int Components { get; }

    /// <summary>Examples per run.</summary>
    public int Batch { get; }

    /// <summary>Passes forward and backward over every example.</summary>
    public int Passes { get; }

    /// <summary>Ablated networks that every example is run through.</summary>
    public int Ablations { get; }

    /// <summary>Those of them, the first, that leave out one component each.</summary>
    public int LeftOut { get; }

    /// <summary>The work, in the order in which it is added up.</summary>
    public IReadOnlyList<AttributionChunk> Chunks { get; }

    /// <summary>Cost of all of it in forward passes of one example.</summary>
    public long Cost => Chunks.Sum(c => c.Cost);

    /// <summary>Where gradients are taken; null: nowhere.</summary>
    internal GradientMasks? Gradients { get; }

    /// <summary>Whether ablations are held out to choose a ridge on.</summary>
    internal bool HasHeld => Method.HasRidge;

    /// <summary>Whether this ablation is one of those.</summary>
    internal bool IsHeld(int ablation) => HasHeld && (ablation - LeftOut) % HeldShare == HeldShare - 1;

    /// <summary>The components without which an ablated network is run, ascending.</summary>
    internal int[] Ablated(int ablation) => ablation < LeftOut ? [ablation] : _design.Ablated(ablation - LeftOut, RandomStreams.Masks);

    void RequireBudget()
    {
        if (Gradients is { Round: var round } && Passes < round)
        {
            var least = Method.Budget(round);
            throw new OnnxEngineException(ErrorKind.Usage, round == 1
                ? $"The budget allows no pass forward and backward; give a budget of {least} or more."
                : $"The budget allows {Passes} passes forward and backward, and at this share of ablated components every one is looked at in {round}; give a budget of {least} or more.");
        }
        if (Method.Regresses && Ablations - LeftOut < 4)
            throw new OnnxEngineException(ErrorKind.Usage, $"The budget allows {Ablations - LeftOut} random ablations{(LeftOut > 0 ? $" beside one of each of {LeftOut} components" : "")}, and a regression needs more.");
    }

    IEnumerable<AttributionChunk> Cut()
    {
        yield return new AttributionChunk(0, ChunkKind.Answers, 0, Examples, 0, 1);
        if (Gradients is not null)
        {
            // As much work as a chunk of ablations, in whole rounds; a little more rather than a short rest.
            var rounds = Math.Max(1, (long)Options.Chunk * Examples / (3L * Math.Min(Batch, Examples) * Gradients.Round));
            var parts = (int)Math.Max(1, Passes / (rounds * Gradients.Round));
            for (var example = 0; example < Examples; example += Batch)
                for (var part = 0; part < parts; part++)
                {
                    var (first, end) = (Start(part, parts), part + 1 == parts ? Passes : Start(part + 1, parts));
                    yield return new AttributionChunk(0, ChunkKind.Gradients, example, Math.Min(Batch, Examples - example), first, end - first);
                }
        }
        for (var first = 0; first < Ablations; first += Options.Chunk)
            yield return new AttributionChunk(0, ChunkKind.Ablations, 0, Examples, first, Math.Min(Options.Chunk, Ablations - first));
    }

    // Parts begin with a round.
    int Start(int part, int parts) => (int)((long)(Passes / Gradients!.Round) * part / parts) * Gradients.Round;
}
