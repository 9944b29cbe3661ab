using System.Numerics.Tensors;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Engine.Editing.Editors;
using OnnxEdit.Engine.Edits;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Editing;

/// <summary>Corrects single predictions of a classifier while others stay as they are, and measures what else changed.</summary>
public sealed class ModelEditor
{
    readonly EditDraft _draft;
    readonly ClassifierSession _original;
    readonly ModelData? _data;
    readonly IReadOnlyList<EditRequest> _requests;
    readonly EditOptions _options;
    readonly EditorRow _editor;
    readonly IProgress<WorkProgress>? _progress;
    readonly CancellationToken _cancellation;

    ModelEditor(
        EditDraft draft, ClassifierSession original, ModelData? data, IReadOnlyList<EditRequest> requests, EditOptions options, EditorRow editor, IProgress<WorkProgress>? progress,
        CancellationToken cancellation) =>
        (_draft, _original, _data, _requests, _options, _editor, _progress, _cancellation) = (draft, original, data, requests, options, editor, progress, cancellation);

    /// <summary>Edits a model so that images get their labels, all together. Synchronous; writes no files.</summary>
    /// <param name="model">The classifier; not changed.</param>
    /// <param name="data">
    /// Calibration images, whose answers should stay (no labels needed; gradient editors do without), and test images to
    /// measure on, both optional.
    /// </param>
    /// <param name="requests">The images and their labels.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <exception cref="OnnxEngineException">
    /// No such class or editor (<see cref="ErrorKind.Usage"/>), a model of a form that cannot be edited so (<see cref="ErrorKind.Model"/>), no
    /// images to hold on to (<see cref="ErrorKind.Data"/>), or no image gets its label, or all have it already (<see cref="ErrorKind.TargetNotReached"/>).
    /// </exception>
    /// <exception cref="OnnxSurgeryException">An operator has no gradient.</exception>
    public static EditResult Edit(
        OnnxModel model, ModelData? data, IReadOnlyList<EditRequest> requests, EditOptions options, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default) =>
        With(model, data, requests, options, progress, cancellation, editor => editor.Together());

    /// <summary>Edits one image at a time, each from the model as given, and measures what every edit does to labelled test images.</summary>
    /// <inheritdoc cref="Edit"/>
    internal static EditStatistics Measure(
        OnnxModel model, ModelData data, IReadOnlyList<EditRequest> requests, EditOptions options, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default) =>
        With(model, data, requests, options, progress, cancellation, editor => editor.OneByOne());

    static T With<T>(
        OnnxModel model, ModelData? data, IReadOnlyList<EditRequest> requests, EditOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation, Func<ModelEditor, T> work)
    {
        using var execution = ExecutionOptions.Enter(options.Execution);
        var editor = ImageEditors.Table.Of(options.Editor);
        if (requests.Count == 0) throw new OnnxEngineException(ErrorKind.Usage, "There is nothing to edit; name an image and its label.");
        var signature = ClassifierSignature.Of(model.Proto, options.Evaluation.Output);
        var draft = EditDraft.For(model, null, requests[0].Images);
        RequireClasses(requests, signature.Classes ?? (int)draft.Baseline.Trace.Shape(signature.LogitsName)[^1]);
        using var original = new ClassifierSession(model, options.Evaluation.Output, options.Evaluation.Batch);
        return work(new ModelEditor(draft, original, data, requests, options, editor, progress, cancellation));
    }

    static void RequireClasses(IReadOnlyList<EditRequest> requests, int classes)
    {
        foreach (var r in requests)
        {
            if (r.Label < 0 || r.Label >= classes) throw new OnnxEngineException(ErrorKind.Usage, $"There is no class {r.Label}: the model has {classes}, 0 to {classes - 1}.");
            if (requests.FirstOrDefault(o => ReferenceEquals(o.Images, r.Images) && o.Index == r.Index && o.Label != r.Label) is { } other)
                throw new OnnxEngineException(ErrorKind.Usage, $"'{r.Name}' is to have class {r.Label} and class {other.Label}; name it once.");
        }
    }

    EditResult Together()
    {
        var before = Classes(_original);
        if (before.Zip(_requests).All(p => p.First == p.Second.Label))
            throw new OnnxEngineException(ErrorKind.TargetNotReached, _requests.Count == 1 ? $"'{_requests[0].Name}' has class {_requests[0].Label} already, so there is nothing to edit." : "All images have their labels already, so there is nothing to edit.");
        var (outcomes, basis) = Edited();
        EditReport? report = null;
        var edited = _draft.Finish(model => EditHistory.Entry(_draft.Source, report = Report(model, before, outcomes, basis), _options));
        return new EditResult(edited, report!);
    }

    EditReport Report(OnnxModel model, int[] before, EditOutcome[] outcomes, string basis)
    {
        using var edited = new ClassifierSession(model, _options.Evaluation.Output, _options.Evaluation.Batch);
        var after = Classes(edited);
        EditedImage[] images = [.. _requests.Select((r, i) => new EditedImage(r.Name, r.Label, before[i], after[i], outcomes[i], Generality(edited, r)))];
        if (!images.Any(i => i.Success))
            throw new OnnxEngineException(ErrorKind.TargetNotReached, _requests.Count == 1
                ? FormattableString.Invariant($"After {outcomes[0].Steps} steps '{images[0].Name}' is still of class {after[0]}, which leads class {_requests[0].Label} by {outcomes[0].Loss:0.###}; try another step size or editor (EditOptions.Editor = patch).")
                : "No image got its label; try another step size or editor (EditOptions.Editor = patch).");
        var report = new EditReport { Images = images, Basis = basis };
        if (Others() is not { } test) return report;
        var (a, b) = (Evaluator.Evaluate(_original, test, _progress, _cancellation), Evaluator.Evaluate(edited, test, _progress, _cancellation));
        var places = Enumerable.Range(0, _data!.Test!.Count).Where(i => _data.Test.Label(i) >= 0 && !IsEdited(i)).ToArray();
        return report with
        {
            Before = a,
            After = b,
            Changed = [.. Enumerable.Range(0, a.Count).Where(i => a.Predicted[i] != b.Predicted[i]).Select(i => new ChangedImage(places[i], test.Label(i), a.Predicted[i], b.Predicted[i]))],
        };
    }

    EditStatistics OneByOne()
    {
        var test = Others() ?? throw new OnnxEngineException(ErrorKind.Data, "Drawdown is measured on labelled test items and the data has none; give them with DataOptions.Path or DataOptions.EvalPath.");
        var before = Evaluator.Evaluate(_original, test, _progress, _cancellation);
        var own = Classes(_original);
        using var edits = _editor.Prepare(Ground);
        edits.Watch(test);
        return new EditStatistics([.. _requests.Select((r, i) =>
            {
                _cancellation.ThrowIfCancellationRequested();
                _progress?.Report(new WorkProgress("editing", i, _requests.Count));
                var single = edits.Alone(i);
                var changed = single.Predicted.Where((p, n) => p != before.Predicted[n]).Count();
                var right = single.Predicted.Where((p, n) => p == test.Label(n)).Count();
                return new EditTrial(r.Name, r.Label, own[i], single.Outcome, 100 * (before.Top1 - (double)right / before.Count), (double)changed / before.Count, single.Generality, single.Seconds);
            })], test.Count);
    }

    (EditOutcome[] Outcomes, string Basis) Edited()
    {
        if (_editor.Steps is not null && _requests.Count > 1)
            throw new OnnxEngineException(ErrorKind.Usage, "Gradient editors take one image at a time; use EditOptions.Editor = patch for several, or ModelEditor.Edit for each.");
        using var edits = _editor.Prepare(Ground);
        var (graph, outcomes, basis) = edits.Together();
        _draft.Replace(graph);
        return (outcomes, basis);
    }

    EditGround Ground => new(_draft, _data, _requests, _options, _original.Signature.Input, _progress, _cancellation);

    bool IsEdited(int index) => _requests.Any(r => ReferenceEquals(r.Images, _data?.Test) && r.Index == index);

    // Labelled test images that are not edited themselves.
    ItemSet? Others()
    {
        if (_data?.Test is not { IsLabelled: true } test) return null;
        var places = Enumerable.Range(0, test.Count).Where(i => test.Label(i) >= 0 && !IsEdited(i)).ToArray();
        return places.Length == 0 ? null : test.Select(places);
    }

    double? Generality(ClassifierSession edited, EditRequest request) => !ImageViews.Applies(request.Images) ? null
        : Classes(edited, [.. ImageView.Unseen.Select(v => (request, v))]).Count(c => c == request.Label) / (double)ImageView.Unseen.Count;

    int[] Classes(ClassifierSession session) => Classes(session, [.. _requests.Select(r => (r, default(ImageView)))]);

    int[] Classes(ClassifierSession session, IReadOnlyList<(EditRequest Request, ImageView View)> wanted) =>
        [.. wanted.Select(w =>
        {
            var image = EditGround.Image(w.Request);
            var found = 0;
            session.Run(w.View == default ? image : new ImageViews(image, session.Signature.Input, [w.View]), (_, _, z) => found = TensorPrimitives.IndexOfMax(z), null, _cancellation);
            return found;
        })];
}
