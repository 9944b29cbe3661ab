using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Components;
using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Attribution.Ablations;

/// <summary>
/// Answers and their gradients with respect to the masks: one pass forward and one backward through the masked network
/// give the effect of every component on every example of a batch.
/// </summary>
sealed class MaskedGradients : IDisposable
{
    const string TargetsInput = "onnxedit_targets";

    readonly ModelSession _session;
    readonly ItemBatch _items;
    readonly OrtValue[] _others;
    readonly string[] _inputs;
    readonly string[] _outputs;

    /// <summary>Builds the graph and loads it.</summary>
    /// <param name="model">The folded network.</param>
    /// <param name="signature">What it takes and returns.</param>
    /// <param name="components">Its components.</param>
    /// <param name="constants">What stands for an ablated one.</param>
    /// <param name="answer">What is differentiated.</param>
    /// <param name="batch">Examples per run.</param>
    /// <param name="byOutput">True: gradients with respect to the outputs of components, summed over places, instead of their masks.</param>
    /// <exception cref="OnnxSurgeryException">An operator has no gradient.</exception>
    public MaskedGradients(
        NormalisedModel model, ClassifierSignature signature, ComponentMap components, ComponentConstants constants, AnswerKind answer, int batch, bool byOutput = false)
    {
        Batch = batch;
        var prepared = DifferentiableModel.Prepare(ComponentMasks.Insert(model, components, constants, shared: false, shifted: byOutput), batch, model.InputSizes);
        var answers = Losses.AddAnswer(prepared, signature.LogitsName, answer, TargetsInput);
        var by = byOutput ? ComponentMasks.Shift : ComponentMasks.Input;
        var gradient = prepared.AddGradients(answers, [by])[by];
        var logits = prepared.Trace.Shape(signature.LogitsName);
        var graph = prepared.Build([answers, gradient]);
        Masks = new float[(long)batch * components.Count];
        Targets = new float[logits.Aggregate(1L, (a, b) => a * b)];
        string[] shift = byOutput ? [ComponentMasks.Shift] : [];
        _inputs = [.. signature.InputNames, ComponentMasks.Input, TargetsInput, .. shift];
        _outputs = [answers, gradient];
        _session = OrtRuntime.CreateSession(graph);
        _items = new ItemBatch([.. signature.Inputs.Select(i => (i.Type, prepared.Trace.Shape(i.Name)))]);
        _others =
        [
            OrtValue.CreateTensorValueFromMemory(Masks, [batch, components.Count]),
            OrtValue.CreateTensorValueFromMemory(Targets, logits),
            .. shift.Select(_ => OrtValue.CreateTensorValueFromMemory(new float[Masks.Length], [batch, components.Count])),
        ];
    }

    /// <summary>Examples per run.</summary>
    public int Batch { get; }

    /// <summary>Where the images are put.</summary>
    public float[] Images => _items.Values;

    /// <summary>Where a mask per example is put, [batch, components].</summary>
    public float[] Masks { get; }

    /// <summary>Where the classes are put, one-hot.</summary>
    public float[] Targets { get; }

    /// <summary>Reads what a run gave; valid during the call.</summary>
    public delegate void Reader(ReadOnlySpan<float> answers, ReadOnlySpan<float> gradients);

    /// <summary>Runs what was put into the buffers.</summary>
    /// <exception cref="OnnxEngineException">ONNX Runtime fails.</exception>
    public void Run(Reader read)
    {
        using var options = new RunOptions();
        _items.Commit();
        try
        {
            using var results = _session.Run(options, _inputs, [.. _items.Inputs, .. _others], _outputs);
            read(results[0].GetTensorDataAsSpan<float>(), results[1].GetTensorDataAsSpan<float>());
        }
        catch (OnnxRuntimeException e)
        {
            throw new OnnxEngineException(ErrorKind.Model, $"ONNX Runtime failed on the gradients of the masks: {OrtFailure.Reason(e)}", e);
        }
    }

    /// <summary>Puts examples into the buffers; rows beyond the last one repeat it.</summary>
    /// <param name="images">All examples, labelled.</param>
    /// <param name="first">The first one.</param>
    /// <returns>How many of the rows are examples of their own.</returns>
    public int Load(ItemSet images, int first)
    {
        var count = Math.Min(Batch, images.Count - first);
        var classes = Targets.Length / Batch;
        _items.Load(images, first, count);
        Array.Clear(Targets);
        for (var i = 0; i < Batch; i++) Targets[i * classes + images.Label(first + Math.Min(i, count - 1))] = 1;
        return count;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _session.Dispose();
        _items.Dispose();
        foreach (var v in _others) v.Dispose();
    }
}
