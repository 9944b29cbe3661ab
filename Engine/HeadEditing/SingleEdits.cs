using System.Diagnostics;
using System.Numerics.Tensors;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine;

/// <summary>Edits of single images, each from the model as given, with the classes that test images have afterwards.</summary>
sealed class SingleEdits : IDisposable
{
    readonly OnnxModel _source;
    readonly IReadOnlyList<EditRequest> _requests;
    readonly EditOptions _options;
    readonly ImageSet? _test;
    readonly CancellationToken _cancellation;
    readonly InputGeometry _input;
    readonly PatchWork? _patch;
    readonly LocalEditor? _local;
    readonly GradientEditor? _gradient;
    readonly (float[][] Features, float[][] Logits)? _rows;
    readonly float[][]? _localRows;

    /// <summary>Prepares a model; what all edits share is computed once.</summary>
    public SingleEdits(
        OnnxModel source, NormalisedModel model, ModelData? data, IReadOnlyList<EditRequest> requests, EditOptions options, ImageSet? test,
        IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        (_source, _requests, _options, _test, _cancellation) = (source, requests, options, test, cancellation);
        _input = ClassifierSignature.Of(source.Proto, options.Evaluation.Output).Input;
        ImageSet Kept() => data?.Calibration ?? throw new OnnxEngineException(ErrorKind.Data, "Nothing says which answers should stay: give images with --data.");
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
                var weights = options.Layers is { } part
                    ? model.Proto.Graph.Node.Where(n => n.Name.Contains(part, StringComparison.Ordinal)).SelectMany(n => n.Input).ToArray() : null;
                if (weights is { Length: 0 })
                    throw new OnnxEngineException(ErrorKind.Usage, $"No node has '{options.Layers}' in its name; 'onnxedit explain MODEL' lists names.");
                _gradient = new GradientEditor(source, options.Editor, StepSize(options), weights, options.Evaluation.Output);
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
        var (result, model) = ByGradient(request);
        var spent = watch.Elapsed.TotalSeconds;
        Follow(r, views => Logits(model, views));
        return (result, [.. Evaluator.Evaluate(model, _test!, _options.Evaluation, null, _cancellation).Predicted], spent);
    }

    /// <summary>Edits one image by gradient steps.</summary>
    public (EditOutcome Outcome, OnnxModel Model) ByGradient(int request)
    {
        var (image, r) = (new float[_requests[request].Images.ItemLength], _requests[request]);
        r.Images.Fill(r.Index, 1, image);
        var outcome = _gradient!.Edit(image, r.Label);
        return (outcome, _gradient.Edited());
    }

    /// <summary>Step sizes to start from, unless one is given; the best depends on the network.</summary>
    public static double StepSize(EditOptions options) => options.StepSize ?? options.Editor switch
    {
        Editor.Gd => 1e-3,
        Editor.ScaledGd => 1e-2,
        Editor.RProp => 1e-4,
        Editor.RmsProp => 1e-4,
        Editor.Momentum => 3e-4,
        _ => 1e-4,
    };

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
    public static float[][] Features(LocalEditor editor, ImageSet images, CancellationToken cancellation)
    {
        var rows = new float[images.Count][];
        editor.Read(images, (first, count, values) =>
        {
            for (var i = 0; i < count; i++) rows[first + i] = values.Slice(i * editor.Features, editor.Features).ToArray();
        }, cancellation);
        return rows;
    }

    /// <inheritdoc/>
    public void Dispose() => _gradient?.Dispose();

    void Follow(EditRequest r, Func<ImageSet, float[][]> logits)
    {
        var image = r.Images.Select([r.Index]);
        Generality = !ImageViews.Applies(image) ? null
            : logits(new ImageViews(image, _input, ImageView.Unseen)).Count(z => TensorPrimitives.IndexOfMax<float>(z) == r.Label) / (double)ImageView.Unseen.Count;
    }

    float[][] Logits(OnnxModel model, ImageSet images)
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
