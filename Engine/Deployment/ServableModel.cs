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
    readonly Action? _atEnd;

    ServableModel(InferenceSession session, string shown, Action? atEnd)
    {
        (_session, _atEnd) = (session, atEnd);
        Inputs = [.. session.InputMetadata.Select(input => Tensor(input.Key, input.Value)
            ?? throw new OnnxEngineException(ErrorKind.Model, $"The input '{input.Key}' of '{shown}' is {Kind(input.Value)}, which cannot be sent; export the model with another type there."))];
        var outputs = session.OutputMetadata.Select(output => (output.Key, output.Value, Served: Tensor(output.Key, output.Value))).ToArray();
        Outputs = [.. outputs.Select(output => output.Served).OfType<ServedTensor>()];
        LeftOut = [.. outputs.Where(output => output.Served is null).Select(output => $"'{output.Key}' ({Kind(output.Value)})")];
        if (Outputs.Count == 0)
            throw new OnnxEngineException(ErrorKind.Model, $"No output of '{shown}' can be sent: {string.Join(", ", LeftOut)}; export the model with tensors (for scikit-learn: zipmap=False).");
    }

    /// <summary>What it takes, in the model's order.</summary>
    public IReadOnlyList<ServedTensor> Inputs { get; }

    /// <summary>What it returns, in the model's order; a shape is what the file declares, and empty where it declares none.</summary>
    public IReadOnlyList<ServedTensor> Outputs { get; }

    /// <summary>Outputs that are not served, since the protocol has no such type, each with what it is; usually none.</summary>
    public IReadOnlyList<string> LeftOut { get; }

    /// <summary>Whether every input leaves its first extent open; whether that is a batch, a run must show (<see cref="BatchCheck"/>).</summary>
    public bool HasOpenBatch => Inputs.Count > 0 && Inputs.All(input => input.Shape.Count > 0 && input.Shape[0] < 0);

    /// <summary>The edits the model has been through, as the JSON text in its metadata; null when it was never edited.</summary>
    public string? HistoryJson => _session.ModelMetadata.CustomMetadataMap.GetValueOrDefault(ModelHistory.Key);

    /// <summary>Loads a model file, weights in other files included. The files must stay as they are until it is disposed of.</summary>
    /// <param name="path">The file.</param>
    /// <param name="shown">The file that messages name; null: the same.</param>
    /// <exception cref="OnnxSurgeryException">ONNX Runtime refuses it.</exception>
    /// <exception cref="OnnxEngineException">An input, or every output, cannot travel: it is no tensor, or of a type the protocol does not have (<see cref="ErrorKind.Model"/>).</exception>
    public static ServableModel Open(string path, string? shown = null) => Of(OrtRuntime.OpenFile(path, shown), shown ?? path, null);

    /// <summary>The same on a copy made for this: it goes as soon as it can, with the model at the latest.</summary>
    /// <inheritdoc cref="Open(string, string?)"/>
    internal static ServableModel Open(string path, string shown, Action delete)
    {
        var session = OrtRuntime.OpenFile(path, shown);
        if (OperatingSystem.IsWindows()) return Of(session, shown, delete);
        // What is mapped lives on without its name, and nothing is left behind however the process ends.
        delete();
        return Of(session, shown, null);
    }

    /// <summary>The same on the bytes of a model file that has no others.</summary>
    /// <inheritdoc cref="Open(string, string?)"/>
    internal static ServableModel Open(byte[] model, string shown) => Of(OrtRuntime.OpenBytes(model, shown), shown, null);

    static ServableModel Of(InferenceSession session, string shown, Action? atEnd)
    {
        try
        {
            return new ServableModel(session, shown, atEnd);
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
    public void Dispose()
    {
        _session.Dispose();
        _atEnd?.Invoke();
    }

    static TensorValue Copy(OrtValue value, string name)
    {
        if (!value.IsTensor) throw new OnnxEngineException(ErrorKind.Model, $"The output '{name}' is no tensor and cannot be sent.");
        var info = value.GetTensorTypeAndShape();
        var type = ServedType.Of(info.ElementDataType) ?? throw new OnnxEngineException(ErrorKind.Model, $"The output '{name}' is {info.ElementDataType}, which the protocol does not have.");
        var bytes = type == ServedType.Bytes ? StringElements.Encode(value.GetStringTensorAsArray()) : value.GetTensorDataAsSpan<byte>().ToArray();
        return new TensorValue(name, type, info.Shape, bytes);
    }

    // Null for what the protocol cannot say.
    static ServedTensor? Tensor(string name, NodeMetadata metadata) =>
        metadata.OnnxValueType == OnnxValueType.ONNX_TYPE_TENSOR && ServedType.Of(metadata.IsString ? TensorElementType.String : metadata.ElementDataType) is { } type
            ? new ServedTensor(name, type.Name, [.. metadata.Dimensions.Select(extent => extent > 0 ? extent : -1L)])
            : null;

    static string Kind(NodeMetadata metadata) => metadata.OnnxValueType switch
    {
        OnnxValueType.ONNX_TYPE_TENSOR => $"a tensor of {metadata.ElementDataType}",
        OnnxValueType.ONNX_TYPE_SEQUENCE when metadata.AsSequenceMetadata().ElementMeta.OnnxValueType == OnnxValueType.ONNX_TYPE_MAP => "a sequence of maps",
        OnnxValueType.ONNX_TYPE_SEQUENCE => "a sequence",
        OnnxValueType.ONNX_TYPE_MAP => "a map",
        OnnxValueType.ONNX_TYPE_SPARSETENSOR => "a sparse tensor",
        OnnxValueType.ONNX_TYPE_OPTIONAL => "an optional value",
        _ => "no tensor",
    };
}
