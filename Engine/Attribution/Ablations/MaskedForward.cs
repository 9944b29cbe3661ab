using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Components;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Attribution.Ablations;

/// <summary>Forward passes with a mask for every example.</summary>
sealed class MaskedForward : IDisposable
{
    readonly ModelSession _session;
    readonly string[] _inputs;
    readonly string[] _outputs;
    readonly ItemBatch _items;
    readonly OrtValue _mask;

    /// <summary>Loads the masked network.</summary>
    /// <param name="model">The folded network.</param>
    /// <param name="signature">What it takes and returns.</param>
    /// <param name="components">Its components.</param>
    /// <param name="constants">What stands for an ablated one.</param>
    /// <param name="examples">What is going to be run.</param>
    /// <param name="batch">Examples per run.</param>
    public MaskedForward(NormalisedModel model, ClassifierSignature signature, ComponentMap components, ComponentConstants constants, ItemSet examples, int batch)
    {
        Batch = batch;
        ItemInputs.Require(signature.InputNames, examples);
        _session = OrtRuntime.CreateSession(MaskConvolutions.Insert(model, components, constants, signature.LogitsName, batch) ?? Products(model, signature, components, constants));
        _items = new ItemBatch([.. signature.Inputs.Zip(examples.Parts, (input, part) => (input.Type, ItemInputs.Shape(part, batch)))]);
        Masks = new float[batch * components.Count];
        (_inputs, _outputs) = ([.. signature.InputNames, ComponentMasks.Input], [signature.LogitsName]);
        _mask = OrtValue.CreateTensorValueFromMemory(Masks, [batch, components.Count]);
    }

    /// <summary>Examples per run.</summary>
    public int Batch { get; }

    /// <summary>Where the examples are put.</summary>
    public float[] Images => _items.Values;

    /// <summary>Where a mask per example is put, [batch, components].</summary>
    public float[] Masks { get; }

    /// <summary>Runs what was put into the buffers.</summary>
    /// <param name="read">Gets the logits, [batch, classes].</param>
    /// <exception cref="OnnxEngineException">ONNX Runtime fails.</exception>
    public void Run(Action<ReadOnlySpan<float>> read)
    {
        using var options = new RunOptions();
        _items.Commit();
        try
        {
            using var results = _session.Run(options, _inputs, [.. _items.Inputs, _mask], _outputs);
            read(results[0].GetTensorDataAsSpan<float>());
        }
        catch (OnnxRuntimeException e)
        {
            throw new OnnxEngineException(ErrorKind.Model, $"ONNX Runtime failed on the masked model: {OrtFailure.Reason(e)}", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _session.Dispose();
        _items.Dispose();
        _mask.Dispose();
    }

    static ModelProto Products(NormalisedModel model, ClassifierSignature signature, ComponentMap components, ComponentConstants constants)
    {
        var masked = ComponentMasks.Insert(model, components, constants, shared: false);
        masked.Graph.Output.Clear();
        masked.Graph.Output.Add(new ValueInfoProto { Name = signature.LogitsName });
        return masked;
    }
}
