using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Deployment;

/// <summary>A model file loaded to answer requests. Runs may overlap.</summary>
sealed class ServableModel : IDisposable
{
    readonly InferenceSession _session;

    ServableModel(InferenceSession session, string path)
    {
        _session = session;
        Inputs = [.. session.InputMetadata.Select(input => Tensor(input.Key, input.Value, path))];
        Outputs = [.. session.OutputMetadata.Select(output => Tensor(output.Key, output.Value, path))];
    }

    /// <summary>What it takes, in the model's order.</summary>
    public IReadOnlyList<ServedTensor> Inputs { get; }

    /// <summary>What it returns, in the model's order; a shape is what the file declares, and empty where it declares none.</summary>
    public IReadOnlyList<ServedTensor> Outputs { get; }

    /// <summary>Whether every input leaves its first extent open; whether that is a batch, a run must show (<see cref="BatchCheck"/>).</summary>
    public bool HasOpenBatch => Inputs.Count > 0 && Inputs.All(input => input.Shape.Count > 0 && input.Shape[0] < 0);

    /// <summary>The edits the model has been through, as the JSON text in its metadata; null when it was never edited.</summary>
    public string? HistoryJson => _session.ModelMetadata.CustomMetadataMap.GetValueOrDefault(ModelHistory.Key);

    /// <summary>Loads a model file, weights in other files included.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="OnnxSurgeryException">ONNX Runtime refuses it.</exception>
    /// <exception cref="OnnxEngineException">An input or output cannot travel: it is no tensor, or of a type the protocol does not have (<see cref="ErrorKind.Model"/>).</exception>
    public static ServableModel Open(string path)
    {
        var session = OrtRuntime.OpenFile(path);
        try
        {
            return new ServableModel(session, path);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Runs the model.</summary>
    /// <param name="inputs">A value for each input.</param>
    /// <param name="outputs">The outputs wanted; null: all.</param>
    /// <param name="cancellation">Ends the run in the middle.</param>
    /// <exception cref="OnnxEngineException">ONNX Runtime fails on these inputs (<see cref="ErrorKind.Data"/>).</exception>
    public IReadOnlyList<TensorValue> Run(IReadOnlyList<TensorValue> inputs, IReadOnlyList<string>? outputs = null, CancellationToken cancellation = default) =>
        Run([.. inputs.Select(input => input.Name)], AllOrNone.Make(inputs.Count, i => Value(inputs[i])), outputs, cancellation);

    /// <summary>The same on values that are already ONNX Runtime's; they are disposed of.</summary>
    /// <inheritdoc cref="Run(IReadOnlyList{TensorValue}, IReadOnlyList{string}?, CancellationToken)"/>
    public IReadOnlyList<TensorValue> Run(IReadOnlyList<string> names, IReadOnlyList<OrtValue> values, IReadOnlyList<string>? outputs, CancellationToken cancellation)
    {
        string[] wanted = [.. outputs ?? Outputs.Select(output => output.Name)];
        using var options = new RunOptions();
        using var stop = cancellation.Register(() => options.Terminate = true);
        try
        {
            using var results = _session.Run(options, [.. names], [.. values], wanted);
            return [.. wanted.Select((name, i) => Copy(results[i], name))];
        }
        catch (OnnxRuntimeException failure)
        {
            cancellation.ThrowIfCancellationRequested();
            throw new OnnxEngineException(ErrorKind.Data, $"The model fails on these inputs: {OrtFailure.Reason(failure)}", failure);
        }
        finally
        {
            foreach (var value in values) value.Dispose();
        }
    }

    /// <summary>Room for an input, aligned as ONNX Runtime likes it.</summary>
    public static OrtValue Allocate(ServedType type, long[] shape) => OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, type.Element, shape);

    /// <summary>A tensor as ONNX Runtime takes it.</summary>
    public static OrtValue Value(TensorValue tensor)
    {
        if (tensor.Type == ServedType.Bytes)
        {
            var texts = StringElements.Decode(tensor.Bytes.Span, tensor.Elements, tensor.Name);
            return AllOrNone.Prepare(OrtValue.CreateTensorWithEmptyStrings(OrtAllocator.DefaultInstance, tensor.Shape), strings =>
            {
                for (var i = 0; i < texts.Length; i++) strings.StringTensorSetElementAt(texts[i].AsSpan(), i);
            });
        }
        return AllOrNone.Prepare(Allocate(tensor.Type, tensor.Shape), value => tensor.Bytes.Span.CopyTo(value.GetTensorMutableRawData()));
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    static TensorValue Copy(OrtValue value, string name)
    {
        if (!value.IsTensor) throw new OnnxEngineException(ErrorKind.Model, $"The output '{name}' is no tensor and cannot be sent.");
        var info = value.GetTensorTypeAndShape();
        var type = ServedType.Of(info.ElementDataType) ?? throw new OnnxEngineException(ErrorKind.Model, $"The output '{name}' is {info.ElementDataType}, which the protocol does not have.");
        var bytes = type == ServedType.Bytes ? StringElements.Encode(value.GetStringTensorAsArray()) : value.GetTensorDataAsSpan<byte>().ToArray();
        return new TensorValue(name, type, info.Shape, bytes);
    }

    static ServedTensor Tensor(string name, NodeMetadata metadata, string path)
    {
        if (metadata.OnnxValueType != OnnxValueType.ONNX_TYPE_TENSOR)
            throw new OnnxEngineException(ErrorKind.Model, $"'{name}' in '{path}' is no tensor ({metadata.OnnxValueType}), and only tensors can be served; export the model without it.");
        var type = ServedType.Of(metadata.IsString ? TensorElementType.String : metadata.ElementDataType) ?? throw new OnnxEngineException(
            ErrorKind.Model, $"'{name}' in '{path}' is {metadata.ElementDataType}, which cannot be served; export the model with another type there.");
        return new ServedTensor(name, type.Name, [.. metadata.Dimensions.Select(extent => extent > 0 ? extent : -1L)]);
    }
}
