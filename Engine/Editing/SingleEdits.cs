using System.Diagnostics;
using System.Numerics.Tensors;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Engine.Edits;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Editing;

/// <summary>Edits of single images, each from the model as given, with the classes that test images have afterwards.</summary>
sealed class SingleEdits : IDisposable
{
    readonly IReadOnlyList<EditRequest> _requests;
    readonly EditOptions _options;
    readonly ItemSet? _test;
    readonly CancellationToken _cancellation;
    readonly InputGeometry _input;
    readonly PatchWork? _patch;
    readonly LocalEditor? _local;
    readonly EditScope? _scope;
    readonly GradientEditor? _gradient;
    readonly ItemSet? _suffixTest;
    int[]? _unedited;
    readonly (float[][] Features, float[][] Logits)? _rows;
    readonly float[][]? _localRows;

    /// <summary>Prepares a model; what all edits share is computed once.</summary>
    public SingleEdits(
        EditDraft draft, ModelData? data, IReadOnlyList<EditRequest> requests, EditOptions options, ItemSet? test,
        IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        (_requests, _options, _test, _cancellation) = (requests, options, test, cancellation);
        _input = ClassifierSignature.Of(draft.Baseline.Proto, options.Evaluation.Output).Input;
        ItemSet Kept() => data?.Calibration ?? throw new OnnxEngineException(ErrorKind.Data, "Nothing says which answers should stay: give images with --data.");
        switch (options.Method)
        {
            case EditMethod.Patch:
                _patch = PatchWork.Prepare(draft.Baseline, Kept(), requests, options, progress, cancellation);
                _rows = _patch.Trunk.Read(test!, progress, cancellation);
                break;
            case EditMethod.LastLayer:
                _local = LocalEditor.Create(draft.Working, Kept(), new LocalEditorOptions { Output = options.Evaluation.Output }, cancellation);
                _localRows = _local.Read(test!, cancellation);
                break;
            default:
                _scope = EditScope.Of(draft, options.Layers, options.Evaluation.Output, options.Seed);
                try
                {
                    _gradient = GradientEditor.Create(_scope.Suffix, options.Editor, options.StepSize ?? PractisedStepSize.Of(draft.Source, options), _scope.Weights, options.Evaluation.Output);
                    _suffixTest = test is null ? null : _scope.Read(test, cancellation);
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
            Follow(r, views => _patch.Trunk.Read(views, null, _cancellation) is var (f, z) ? [.. f.Select((row, i) => PatchNeuron.Patch(neurons, row, z[i]))] : []);
            return (outcomes[0], [.. features.Select((f, i) => TensorPrimitives.IndexOfMax<float>(PatchNeuron.Patch(neurons, f, logits[i])))], seconds);
        }
        if (_local is not null)
        {
            _local.Reset();
            var own = _local.Read(r.Images.Select([r.Index]), _cancellation)[0];
            watch.Restart();
            var outcome = _local.Edit(own, r.Label);
            var seconds = watch.Elapsed.TotalSeconds;
            Follow(r, views => [.. _local.Read(views, _cancellation).Select(f => Array.ConvertAll(_local.Logits(f), v => (float)v))]);
            return (outcome, [.. _localRows!.Select(f => TensorPrimitives.IndexOfMax<double>(_local.Logits(f)))], seconds);
        }
        var result = Steps(r);
        var spent = watch.Elapsed.TotalSeconds;
        Generality = null;
        if (result.Steps == 0) return (result, _unedited ??= Predicted(_scope!.Suffix.Proto), spent);
        var edited = _gradient!.Edited();
        Follow(r, views => Logits(edited, _scope!.Read(views, _cancellation)));
        return (result, Predicted(edited), spent);
    }

    /// <summary>Edits one image by gradient steps.</summary>
    /// <returns>How it came out, the graph, and the size of the steps.</returns>
    public (EditOutcome Outcome, ModelProto Graph, double StepSize) ByGradient(int request)
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

    /// <inheritdoc/>
    public void Dispose()
    {
        _patch?.Dispose();
        _local?.Dispose();
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

    int[] Predicted(ModelProto suffix) => [.. Evaluator.Evaluate(suffix, _suffixTest!, _options.Evaluation, null, _cancellation).Predicted];

    void Follow(EditRequest r, Func<ItemSet, float[][]> logits)
    {
        var image = r.Images.Select([r.Index]);
        Generality = !ImageViews.Applies(image) ? null
            : logits(new ImageViews(image, _input, ImageView.Unseen)).Count(z => TensorPrimitives.IndexOfMax<float>(z) == r.Label) / (double)ImageView.Unseen.Count;
    }

    float[][] Logits(ModelProto model, ItemSet images)
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
