using System.Diagnostics;
using System.Numerics.Tensors;
using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Editing.Editors;

/// <summary>A neuron per image beside the last layer (<see cref="PatchEditor"/>): hardly anything else changes.</summary>
sealed class PatchEdits : ImageEdits
{
    readonly PatchWork _work;
    (float[][] Features, float[][] Logits) _test;

    PatchEdits(EditGround ground) : base(ground) =>
        _work = PatchWork.Prepare(ground.Draft.Baseline, ground.Kept, ground.Requests, ground.Options, ground.Progress, ground.Cancellation);

    /// <summary>Its row.</summary>
    public static EditorRow Row { get; } = new("patch")
    {
        Help = "a neuron beside the last layer",
        Prepare = ground => new PatchEdits(ground),
        Options = options => options.Views ? [] : [("exact", "true")],
    };

    /// <inheritdoc/>
    public override (ModelProto Graph, EditOutcome[] Outcomes, string Basis) Together()
    {
        var (neurons, outcomes) = _work.Edit(Enumerable.Range(0, Ground.Requests.Count));
        return (_work.Patched(neurons), outcomes, FormattableString.Invariant($"{neurons.Length} neuron{(neurons.Length == 1 ? "" : "s")} beside the last layer, which {(neurons.Length == 1 ? "recognises the image and stays" : "recognise the images and stay")} silent on {Ground.Kept.Count:N0} others."));
    }

    /// <inheritdoc/>
    public override void Dispose() => _work.Dispose();

    /// <inheritdoc/>
    public override void Watch(ItemSet test) => _test = _work.Trunk.Read(test, Ground.Progress, Ground.Cancellation);

    /// <inheritdoc/>
    public override SingleEdit Alone(int request)
    {
        var watch = Stopwatch.StartNew();
        var (neurons, outcomes) = _work.Edit(request);
        var seconds = watch.Elapsed.TotalSeconds;
        var following = Following(Ground.Requests[request], views => _work.Trunk.Read(views, null, Ground.Cancellation) is var (f, z) ? [.. f.Select((row, i) => PatchNeuron.Patch(neurons, row, z[i]))] : []);
        return new SingleEdit(outcomes[0], [.. _test.Features.Select((f, i) => TensorPrimitives.IndexOfMax<float>(PatchNeuron.Patch(neurons, f, _test.Logits[i])))], seconds, following);
    }
}
