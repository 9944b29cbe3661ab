using System.Diagnostics;
using System.Numerics.Tensors;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Engine.EditableTraining;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Editing;

/// <summary>Edits of single images, each from the model as given, with the classes that test images have afterwards.</summary>
sealed class SingleEdits : IDisposable
{
    readonly OnnxModel _source;
    readonly IReadOnlyList<EditRequest> _requests;
    readonly EditOptions _options;
    readonly ItemSet? _test;
    readonly CancellationToken _cancellation;
    readonly InputGeometry _input;
    readonly PatchWork? _patch;
    readonly LocalEditor? _local;
    readonly EditScope? _scope;
    readonly GradientEditor? _gradient;
    readonly ItemSet? _headTest;
    int[]? _unedited;
    readonly (float[][] Features, float[][] Logits)? _rows;
    readonly float[][]? _localRows;

    /// <summary>Prepares a model; what all edits share is computed once.</summary>
    public SingleEdits(
        OnnxModel source, NormalisedModel model, ModelData? data, IReadOnlyList<EditRequest> requests, EditOptions options, ItemSet? test,
        IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        (_source, _requests, _options, _test, _cancellation) = (source, requests, options, test, cancellation);
        _input = ClassifierSignature.Of(source.Proto, options.Evaluation.Output).Input;
        ItemSet Kept() => data?.Calibration ?? throw new OnnxEngineException(ErrorKind.Data, "Nothing says which answers should stay: give images with --data.");
        switch (options.Method)
        {
            case EditMethod.Patch:
                _patch = PatchWork.Prepare(source, model, Kept(), requests, options, progress, cancellation);
                _rows = _patch.Head.Read(test!, progress, cancellation);
                break;
            case EditMethod.LastLayer:
                _local = LocalEditor.Create(source, Kept(), new LocalEditorOptions { Output = options.Evaluation.Output }, cancellation);
                _localRows = Features(_local, test!, cancellation);
                break;
            default:
                _scope = EditScope.Of(source, options.Layers, options.Evaluation.Output, options.Seed);
                try
                {
                    _gradient = new GradientEditor(_scope.Head, options.Editor, options.StepSize ?? PractisedStepSize.Of(source, options), _scope.Weights, options.Evaluation.Output);
                    _headTest = test is null ? null : _scope.Read(test, cancellation);
                }
                catch
                {
                    Dispose();
                    throw;
                }
                break;
        }
    }

    /// <summary>Fraction of the unseen views of the last image edited that follow; null for what is no picture.</summary>
    public double? Generality { get; private set; }

    /// <summary>Edits one image.</summary>
    /// <returns>How it came out, the classes of the test images, and seconds of the edit alone, the trunk not counted where it was run before.</returns>
    public (EditOutcome Outcome, int[] Predicted, double Seconds) Edit(int request)
    {
        var r = _requests[request];
        var watch = Stopwatch.StartNew();
        if (_patch is not null)
        {
            var (neurons, outcomes) = _patch.Edit(request);
            var seconds = watch.Elapsed.TotalSeconds;
            var (features, logits) = _rows!.Value;
            Follow(r, views => _patch.Head.Read(views, null, _cancellation) is var (f, z) ? [.. f.Select((row, i) => PatchNeuron.Patch(neurons, row, z[i]))] : []);
            return (outcomes[0], [.. features.Select((f, i) => TensorPrimitives.IndexOfMax<float>(PatchNeuron.Patch(neurons, f, logits[i])))], seconds);
        }
        if (_local is not null)
        {
            _local.Reset();
            var own = Features(_local, r.Images.Select([r.Index]), _cancellation)[0];
            watch.Restart();
            var outcome = _local.Edit(own, r.Label);
            var seconds = watch.Elapsed.TotalSeconds;
            Follow(r, views => [.. Features(_local, views, _cancellation).Select(f => Array.ConvertAll(_local.Logits(f), v => (float)v))]);
            return (outcome, [.. _localRows!.Select(f => TensorPrimitives.IndexOfMax<double>(_local.Logits(f)))], seconds);
        }
        var result = Steps(r);
        var spent = watch.Elapsed.TotalSeconds;
        Generality = null;
        if (result.Steps == 0) return (result, _unedited ??= Predicted(_scope!.Head), spent);
        var edited = _gradient!.Edited();
        Follow(r, views => Logits(edited, _scope!.Read(views, _cancellation)));
        return (result, Predicted(edited), spent);
    }

    /// <summary>Edits one image by gradient steps.</summary>
    /// <returns>How it came out, the model, and the size of the steps.</returns>
    public (EditOutcome Outcome, OnnxModel Model, double StepSize) ByGradient(int request)
    {
        var outcome = Steps(_requests[request]);
        return (outcome, _scope!.Edited(_gradient!.Weights), _gradient.StepSize);
    }

    /// <summary>Classes of views of images.</summary>
    public static int[] Classes(ClassifierSession session, InputGeometry input, IReadOnlyList<(EditRequest Request, ImageView View)> wanted, CancellationToken cancellation) =>
        [.. wanted.Select(w =>
        {
            var image = w.Request.Images.Select([w.Request.Index]);
            var found = 0;
            session.Run(w.View == default ? image : new ImageViews(image, input, [w.View]), (_, _, z) => found = TensorPrimitives.IndexOfMax(z), null, cancellation);
            return found;
        })];

    /// <summary>Features of images.</summary>
    public static float[][] Features(LocalEditor editor, ItemSet images, CancellationToken cancellation)
    {
        var rows = new float[images.Count][];
        editor.Read(images, (first, count, values) =>
        {
            for (var i = 0; i < count; i++) rows[first + i] = values.Slice(i * editor.Features, editor.Features).ToArray();
        }, cancellation);
        return rows;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _gradient?.Dispose();
        _scope?.Dispose();
    }

    EditOutcome Steps(EditRequest request)
    {
        var image = _scope!.Read(request.Images.Select([request.Index]), _cancellation);
        var values = new float[image.ItemLength];
        image.Fill(0, 1, values);
        return _gradient!.Edit(values, request.Label);
    }

    int[] Predicted(OnnxModel head) => [.. Evaluator.Evaluate(head, _headTest!, _options.Evaluation, null, _cancellation).Predicted];

    void Follow(EditRequest r, Func<ItemSet, float[][]> logits)
    {
        var image = r.Images.Select([r.Index]);
        Generality = !ImageViews.Applies(image) ? null
            : logits(new ImageViews(image, _input, ImageView.Unseen)).Count(z => TensorPrimitives.IndexOfMax<float>(z) == r.Label) / (double)ImageView.Unseen.Count;
    }

    float[][] Logits(OnnxModel model, ItemSet images)
    {
        List<float[]> rows = [];
        using var session = new ClassifierSession(model, _options.Evaluation.Output);
        session.Run(images, (_, count, z) =>
        {
            for (var i = 0; i < count; i++) rows.Add(z.Slice(i * (z.Length / count), z.Length / count).ToArray());
        }, null, _cancellation);
        return [.. rows];
    }
}
