using System.Diagnostics;
using System.Numerics.Tensors;
using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Editing.Editors;

/// <summary>The last layer's weights, in closed form (<see cref="LocalEditor"/>); the graph keeps its shape.</summary>
sealed class LastLayerEdits : ImageEdits
{
    // Passes over several images while a later edit undoes an earlier one.
    const int Passes = 3;

    readonly LocalEditor _editor;
    float[][] _test = [];

    LastLayerEdits(EditGround ground) : base(ground) =>
        _editor = LocalEditor.Create(ground.Draft.Working, ground.Kept, new LocalEditorOptions { Output = ground.Options.Evaluation.Output }, ground.Cancellation);

    /// <summary>Its row.</summary>
    public static EditorRow Row { get; } = new("last") { Help = "the last layer's weights", Prepare = ground => new LastLayerEdits(ground) };

    /// <inheritdoc/>
    public override (ModelProto Graph, EditOutcome[] Outcomes, string Basis) Together()
    {
        var features = Ground.Requests.Select(r => _editor.Read(EditGround.Image(r), Ground.Cancellation)[0]).ToArray();
        var outcomes = new EditOutcome[features.Length];
        for (var pass = 0; pass < Passes; pass++)
            for (var i = 0; i < outcomes.Length; i++)
            {
                var outcome = _editor.Edit(features[i], Ground.Requests[i].Label);
                outcomes[i] = outcome with { Steps = outcome.Steps + (outcomes[i]?.Steps ?? 0) };
            }
        return (_editor.Edited(), outcomes, FormattableString.Invariant($"Weights of the last layer changed in closed form, other answers held on {Ground.Kept.Count:N0} items."));
    }

    /// <inheritdoc/>
    public override void Dispose() => _editor.Dispose();

    /// <inheritdoc/>
    public override void Watch(ItemSet test) => _test = _editor.Read(test, Ground.Cancellation);

    /// <inheritdoc/>
    public override SingleEdit Alone(int request)
    {
        var r = Ground.Requests[request];
        _editor.Reset();
        var own = _editor.Read(EditGround.Image(r), Ground.Cancellation)[0];
        var watch = Stopwatch.StartNew();
        var outcome = _editor.Edit(own, r.Label);
        var seconds = watch.Elapsed.TotalSeconds;
        var following = Following(r, views => [.. _editor.Read(views, Ground.Cancellation).Select(f => Array.ConvertAll(_editor.Logits(f), v => (float)v))]);
        return new SingleEdit(outcome, [.. _test.Select(f => TensorPrimitives.IndexOfMax<double>(_editor.Logits(f)))], seconds, following);
    }
}
