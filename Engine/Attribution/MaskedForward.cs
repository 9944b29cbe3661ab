using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine;

/// <summary>Forward passes with a mask for every example.</summary>
sealed class MaskedForward : IDisposable
{
    readonly ModelSession _session;
    readonly ClassifierSignature _signature;
    readonly int _components;

    /// <summary>Loads the masked network.</summary>
    public MaskedForward(NormalisedModel model, ClassifierSignature signature, ComponentMap components, ComponentConstants constants)
    {
        (_signature, _components) = (signature, components.Count);
        var masked = ComponentMasks.Insert(model, components, constants, shared: false);
        masked.Graph.Output.Clear();
        masked.Graph.Output.Add(new ValueInfoProto { Name = signature.LogitsName });
        _session = OrtRuntime.CreateSession(masked);
    }

    /// <summary>Runs examples.</summary>
    /// <param name="images">Their values.</param>
    /// <param name="shape">Shape of all of them together.</param>
    /// <param name="masks">Their masks, [examples, components].</param>
    /// <param name="read">Gets the logits, [examples, classes].</param>
    public void Run(float[] images, long[] shape, float[] masks, Action<ReadOnlySpan<float>> read)
    {
        using var options = new RunOptions();
        var (length, rows) = ((int)shape.Aggregate(1L, (a, b) => a * b), (int)shape[0]);
        using var image = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, images.AsMemory(0, length), shape);
        using var mask = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, masks.AsMemory(0, rows * _components), [rows, _components]);
        try
        {
            using var results = _session.Run(options, [_signature.InputName, ComponentMasks.Input], [image, mask], [_signature.LogitsName]);
            read(results[0].GetTensorDataAsSpan<float>());
        }
        catch (OnnxRuntimeException e)
        {
            throw new OnnxEngineException(ErrorKind.Model, $"ONNX Runtime failed on the masked model: {OrtFailure.Reason(e)}", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();
}
