using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Tasks.Trials;

/// <summary>
/// Tries all ways on few pictures, gives up those that are worse by more than chance, and goes on with twice as many
/// pictures: most ways need a few pictures to be ruled out, the last few need all. Ways to resize make less of a difference
/// than ways to normalise and are tried with the best of these only.
/// </summary>
sealed class PreprocessingRounds
{
    const int FirstImages = 8;

    /// <summary>Runs of one picture that are made however large the model is.</summary>
    const int MinimumRuns = 400;

    /// <summary>Pictures after which the ways to resize come in.</summary>
    const int ResizeImages = 32;

    /// <summary>Normalisations that ways to resize are tried with.</summary>
    const int Resized = 3;

    /// <summary>
    /// Multiply-accumulates that all runs together may take: some twenty seconds of a MobileNet on two cores. Not a time, so that
    /// what is found does not depend on what else the machine does.
    /// </summary>
    const double Work = 5e11;

    /// <summary>Ways that go on with more pictures than the first, and those that go on with more than some dozens.</summary>
    static readonly (int Images, int Ways)[] _kept = [(16, 12), (64, 6)];

    readonly ClassifierSession _session;
    readonly DataOptions _data;
    readonly ImageResize?[] _resizes;
    readonly IProgress<WorkProgress>? _progress;
    readonly CancellationToken _cancellation;
    readonly double _runs;
    readonly Dictionary<(PixelLayout, ImageResize?), PictureSample> _samples = [];
    readonly List<(PreprocessingTrial Trial, PictureSample Sample, string Variant, int Rank)> _entries = [];
    int _done;

    internal PreprocessingRounds(
        ClassifierSession session, double macs, DataOptions data, IReadOnlyList<(int Height, int Width)> sizes, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        (_session, _data, _progress, _cancellation) = (session, data, progress, cancellation);
        // Where sizes are open nothing is counted; most such models are as large as a MobileNet.
        _runs = Math.Max(MinimumRuns, Work / (macs > 0 ? macs : 3e8));
        _resizes = data.Preprocessing?.Resize is { } given ? [given] : PictureSizes.Resizes(Input, sizes);
    }

    /// <summary>All ways that the model could be run with.</summary>
    internal IEnumerable<PreprocessingTrial> Trials => _entries.Select(e => e.Trial).Where(t => t.Images > 0);

    /// <summary>Those that were not given up.</summary>
    internal IEnumerable<PreprocessingTrial> Alive => Trials.Where(t => !t.IsRuledOut);

    /// <summary>Whether the rounds ended before all pictures were looked at.</summary>
    internal bool IsCutShort { get; private set; }

    /// <summary>Whether other labels for the same classes agree with more pictures than the labels as they are do under any way.</summary>
    internal bool IsByLabels { get; private set; }

    /// <summary>The way under which other labels agree with most pictures.</summary>
    internal PreprocessingTrial MostMapped => Alive.MaxBy(t => PreprocessingTrial.Share(t.Mapped))!;

    InputGeometry Input => _session.Signature.Input;

    internal void Run()
    {
        foreach (var layout in Layouts()) Enter(layout, _resizes[0]);
        var count = _entries[0].Sample.Count;
        if (count == 0) throw new OnnxEngineException(ErrorKind.Data, $"'{_data.Path}' holds no labelled image to test on.");
        var areResized = _resizes.Length == 1;
        for (var images = Math.Min(FirstImages, count); ; images = Math.Min(2 * images, count))
        {
            if (!Raise(images, isNeeded: images <= FirstImages)) return;
            RuleOut();
            if (!areResized && (images >= Math.Min(ResizeImages, count) || Alive.Count() == 1))
            {
                areResized = true;
                EnterResized();
                if (!Raise(images, isNeeded: false)) return;
                RuleOut();
            }
            if (images == count) return;
        }
    }

    void Enter(PixelLayout layout, ImageResize? resize, (string Name, Preprocessing Preprocessing, int Rank)? only = null)
    {
        var sample = _samples.TryGetValue((layout, resize), out var known) ? known : _samples[(layout, resize)] = Open(layout, resize);
        // What the shape says by itself needs no option.
        PixelLayout? said = layout == Input.Layout && _data.Preprocessing?.Layout is null ? null : layout;
        foreach (var (name, preprocessing, rank) in only is { } one ? [one] : Preprocessing.KnownVariants(sample.Channels).Select((v, i) => (v.Name, v.Preprocessing, i)))
            _entries.Add((new PreprocessingTrial(name + Suffix(said, resize), preprocessing with { Layout = said, Resize = resize }, rank + Array.IndexOf(_resizes, resize)), sample, name, rank));
    }

    void EnterResized()
    {
        var best = _entries.Where(e => !e.Trial.IsRuledOut && e.Trial.Images > 0)
            .OrderByDescending(e => PreprocessingTrial.Share(IsByLabels ? e.Trial.Mapped : e.Trial.Correct)).ThenByDescending(e => IsByLabels ? e.Trial.Prior : e.Trial.Evidence(e.Trial.Images));
        foreach (var (trial, _, variant, rank) in best.Take(Resized).ToArray())
            foreach (var resize in _resizes.Skip(1)) Enter(trial.Preprocessing.Layout ?? Input.Layout, resize, (variant, trial.Preprocessing, rank));
    }

    PictureSample Open(PixelLayout layout, ImageResize? resize)
    {
        var input = Input with { Layout = layout };
        var raw = ModelData.Open(_data with { Preprocessing = Preprocessing.Raw with { Layout = layout, Resize = resize } }, input);
        return new PictureSample(raw.Test ?? throw new OnnxEngineException(ErrorKind.Data, $"'{_data.Path}' holds no image to test on."), input);
    }

    // False where that would be too much work.
    bool Raise(int images, bool isNeeded)
    {
        var entries = _entries.Where(e => !e.Trial.IsRuledOut && e.Trial.Images < images).ToArray();
        var needed = entries.Sum(e => images - e.Trial.Images);
        if (!isNeeded && _done + needed > _runs)
        {
            IsCutShort = true;
            return false;
        }
        var stage = FormattableString.Invariant($"trying {entries.Length} ways to make inputs on {images} images");
        OnnxEngineException? failure = null;
        foreach (var (at, (trial, sample, _, _)) in entries.Index())
        {
            _progress?.Report(new WorkProgress(stage, at, entries.Length));
            try
            {
                trial.Add(Evaluator.Evaluate(_session, sample.Normalised(trial.Images, images - trial.Images, trial.Preprocessing), null, _cancellation));
            }
            catch (OnnxEngineException inner) when (inner.Kind == ErrorKind.Model)
            {
                // Some numbers are too large for half precision; these are then not what the model takes.
                failure ??= inner;
                trial.IsRuledOut = true;
            }
        }
        _progress?.Report(new WorkProgress(stage, entries.Length, entries.Length));
        _done += needed;
        return Alive.Any() ? true : throw failure!;
    }

    void RuleOut()
    {
        PreprocessingTrial[] alive = [.. Alive];
        var best = alive.MaxBy(t => t.Top1)!;
        var mapped = MostMapped;
        IsByLabels = LabelAgreement.IsBeyond(mapped.Mapped, best.Correct);
        foreach (var trial in alive)
            trial.IsRuledOut = IsByLabels ? LabelAgreement.IsBeyond(mapped.Mapped, trial.Mapped) : LabelAgreement.IsBeyond(best.Correct, trial.Correct);
        if (_kept.LastOrDefault(k => best.Images >= k.Images) is not { Ways: > 0 and var ways }) return;
        // While nothing tells whether the labels are right, a way may have the right pixels for other ones.
        foreach (var trial in Alive.OrderByDescending(t => PreprocessingTrial.Share(IsByLabels ? t.Mapped : t.Correct))
            .ThenByDescending(t => IsByLabels ? t.Prior : t.Evidence(t.Images)).Except(Alive.OrderByDescending(t => PreprocessingTrial.Share(t.Mapped)).Take(ways / 2)).Skip(ways).ToArray())
            trial.IsRuledOut = true;
    }

    PixelLayout[] Layouts()
    {
        if (_data.Preprocessing?.Layout is { } chosen) return [chosen];
        var isOpen = Input.Rank == 3 ? CanBeChannels(Input.ItemShape[0]) && CanBeChannels(Input.ItemShape[2]) : Input.Rank == 1 && PictureSizes.PackedChannels(Input) > 1;
        return isOpen ? [PixelLayout.Nchw, PixelLayout.Nhwc] : [Input.Layout];
    }

    static bool CanBeChannels(int extent) => extent is -1 or 1 or 3 or 4;

    static string Suffix(PixelLayout? layout, ImageResize? resize) => (layout is { } said ? $", {Words.Of(said)}" : "") + resize switch
    {
        null => "",
        { Pad: true } => ", padded",
        { ShortestEdge: { } edge, CropHeight: { } crop } => FormattableString.Invariant($", {edge}:{crop}"),
        { ShortestEdge: { } edge } => FormattableString.Invariant($", {edge}"),
        _ => ", stretched",
    };
}
