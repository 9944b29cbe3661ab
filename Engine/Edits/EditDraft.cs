using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Edits;

/// <summary>How far a draft has come when somebody looks at its graph.</summary>
enum EditStage
{
    /// <summary>The baseline was folded and is not hashed yet.</summary>
    Folded,

    /// <summary>The working graph is compared with what it must equal.</summary>
    Exact,

    /// <summary>The working graph is about to be finished.</summary>
    Finished,
}

/// <summary>
/// An edit under way, and the only road from a graph that was worked on to a model. It owns the source as it was loaded,
/// a normalised baseline that nobody may write to, and a working graph. <see cref="Finish"/> checks the very graph that is
/// written against the baseline, which is hashed, so that no edit can be compared with itself.
/// </summary>
sealed class EditDraft
{
    readonly IReadOnlyDictionary<string, long[]>? _shapes;
    readonly byte[] _hash;
    NormalisedModel? _copy;
    ModelProto? _graph;
    bool _isFoldingChecked;

    EditDraft(OnnxModel source, NormalisedModel baseline, IReadOnlyDictionary<string, long[]>? shapes)
    {
        Tampering.Value?.Invoke(EditStage.Folded, baseline.Proto);
        (Source, Baseline, _shapes, _hash) = (source, baseline, shapes, GraphHash.Of(baseline.Proto));
    }

    /// <summary>Lets tests break an edit on purpose, on their own asynchronous flow; null in every other use.</summary>
    internal static readonly AsyncLocal<Action<EditStage, ModelProto>?> Tampering = new();

    /// <summary>The model as it was loaded.</summary>
    public OnnxModel Source { get; }

    /// <summary>The source folded and traced: what the edit is compared with. Not to be written to.</summary>
    public NormalisedModel Baseline { get; }

    /// <summary>A copy of the baseline to work on; the working graph, unless <see cref="Replace"/> gives another.</summary>
    public NormalisedModel Working => _copy ??= Baseline.Copy();

    /// <summary>The working graph.</summary>
    public ModelProto Graph => _graph ?? Working.Proto;

    /// <summary>What the comparison with the baseline left out, as a sentence; null: nothing. Known after <see cref="Finish"/>.</summary>
    public string? Note { get; private set; }

    /// <summary>What sizes were found by trying, as a sentence; null: none had to be.</summary>
    public string? SizesNote { get; private set; }

    /// <summary>The sizes that symbolic input dimensions were traced at, by input, -1 for the batch; null: as declared.</summary>
    public IReadOnlyDictionary<string, long[]>? Sizes => _shapes;

    /// <summary>Folds and traces a model.</summary>
    /// <param name="source">The model; not changed.</param>
    /// <param name="inputShapes">Sizes of symbolic input dimensions, see <see cref="ShapeTrace.Run"/>.</param>
    /// <param name="examples">Values of one example for inputs of integers and truth values, see <see cref="ShapeTrace.Run"/>.</param>
    /// <exception cref="OnnxSurgeryException">The model cannot be run.</exception>
    public static EditDraft Of(OnnxModel source, IReadOnlyDictionary<string, long[]>? inputShapes = null, IReadOnlyDictionary<string, float[]>? examples = null) =>
        new(source, NormalisedModel.Create(source.Proto, inputShapes, examples), inputShapes);

    /// <summary>Folds and traces a model at the sizes that were given or that its data has; what is open then is tried out, see <see cref="SizesNote"/>.</summary>
    /// <param name="source">The model; not changed.</param>
    /// <param name="given">Sizes of symbolic input dimensions by input, -1 for the batch; null: none.</param>
    /// <param name="items">Items of the data; null: there is none.</param>
    /// <exception cref="OnnxSurgeryException">The model cannot be run.</exception>
    public static EditDraft For(OnnxModel source, IReadOnlyDictionary<string, long[]>? given, ItemSet? items)
    {
        var sizes = OpenInputs.Find(source.Proto, DataShapes.Complete(source.Proto, given, items));
        var draft = Of(source, sizes.Shapes, DataShapes.Example(source.Proto, items));
        draft.SizesNote = sizes.Note;
        return draft;
    }

    /// <summary>The same for edits of the graph as it was loaded: nothing is folded, and there is nothing to check of folding.</summary>
    /// <param name="source">The model; not changed.</param>
    /// <param name="inputShapes">Sizes of symbolic input dimensions, see <see cref="ShapeTrace.Run"/>.</param>
    /// <exception cref="OnnxSurgeryException">The model cannot be run.</exception>
    public static EditDraft Unfolded(OnnxModel source, IReadOnlyDictionary<string, long[]>? inputShapes = null) =>
        new(source, NormalisedModel.Unfolded(source.Proto, inputShapes), inputShapes) { _isFoldingChecked = true };

    /// <summary>Takes a graph made from the baseline for the working one.</summary>
    /// <exception cref="OnnxEngineException">It is the baseline itself, or the source (<see cref="ErrorKind.VerificationFailed"/>).</exception>
    public void Replace(ModelProto graph) => _graph = Own(graph);

    /// <summary>Checks, while the edit is still exact, that the working graph computes the same as another on made-up inputs.</summary>
    /// <param name="expected">What it must equal: for channels that were removed, the baseline with these masked.</param>
    /// <returns>The largest difference of any output, as a fraction of max(1, largest value).</returns>
    /// <exception cref="OnnxEngineException">They differ by more than the tolerance (<see cref="ErrorKind.VerificationFailed"/>).</exception>
    public double MustEqual(ModelProto expected)
    {
        Tampering.Value?.Invoke(EditStage.Exact, Graph);
        if (ReferenceEquals(expected, Graph)) throw EditVerification.Failed("it was to be compared with itself");
        return EditVerification.RequireEqual(Baseline, expected, Graph);
    }

    /// <summary>Checks that folding changed nothing, at sizes that were not traced. <see cref="Finish"/> does so unless it was done before; long work does it first.</summary>
    /// <exception cref="OnnxEngineException">Source and baseline differ (<see cref="ErrorKind.VerificationFailed"/>).</exception>
    public void CheckFolding()
    {
        if (!_isFoldingChecked) FoldingCheck.Require(Source.Proto, Baseline, _shapes);
        _isFoldingChecked = true;
    }

    /// <summary>Ends the edit: the working graph, checked as it will be written, becomes a model with one more entry in its history.</summary>
    /// <param name="history">Makes the entry; gets the checked model, to measure on. The entry is all that is still added to it.</param>
    /// <param name="signature">What the edited model takes and returns, where that is not what the source does.</param>
    /// <exception cref="OnnxEngineException">
    /// A check fails (<see cref="ErrorKind.VerificationFailed"/>): somebody wrote to the baseline; folding changed something; the graph is
    /// not valid or does not run; an output has another shape than stated, or is not finite where the baseline's is.
    /// </exception>
    public OnnxModel Finish(Func<OnnxModel, HistoryEntry> history, RunSignature? signature = null)
    {
        var graph = Own(Graph);
        HeapRoom.Make();
        var flushed = Denormals.Flush(graph);
        if (!GraphHash.Of(Baseline.Proto).AsSpan().SequenceEqual(_hash)) throw EditVerification.Failed("the graph that it is compared with was written to");
        CheckFolding();
        Tampering.Value?.Invoke(EditStage.Finished, graph);
        ConstantFills.Restore(graph.Graph, Baseline.Fills);
        ListedInitializers.Settle(graph);
        Note = EditVerification.Require(Baseline, graph, signature);
        var model = Source.With(graph, flushed == 0 ? [] : [$"{Denormals.Said(flushed)}; they are set to 0 in the result."]);
        ModelHistory.Append(graph, history(model));
        return model;
    }

    ModelProto Own(ModelProto graph) => !ReferenceEquals(graph, Baseline.Proto) && !ReferenceEquals(graph, Source.Proto)
        ? graph : throw EditVerification.Failed("the graph handed over is the one that it is compared with");
}
