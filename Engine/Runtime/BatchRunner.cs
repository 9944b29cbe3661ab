using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Runtime;

/// <summary>
/// A session fed with float arrays, which reach the model in the type of each input, and read back as float arrays. Keeps every native handle alive across the call
/// (a collected one is a rare crash in native code).
/// </summary>
sealed class BatchRunner : IDisposable
{
    readonly ModelSession _session;
    readonly string[] _inputs;
    readonly string[] _outputs;
    readonly TensorElementType[] _types;

    /// <summary>Creates the session of a model.</summary>
    /// <exception cref="OnnxSurgeryException">ORT refuses the model.</exception>
    public BatchRunner(ModelProto model)
    {
        _session = OrtRuntime.CreateSession(model);
        var inputs = new GraphIndex(model.Graph).Inputs;
        (_inputs, _types) = ([.. inputs.Select(i => i.Name)], [.. inputs.Select(i => (TensorElementType)(i.Type?.TensorType?.ElemType ?? (int)TensorElementType.Float))]);
        _outputs = [.. model.Graph.Output.Select(o => o.Name)];
    }

    /// <summary>Input names, in the order <see cref="Run"/> takes them.</summary>
    public IReadOnlyList<string> Inputs => _inputs;

    /// <summary>Output names, in the order <see cref="Run"/> returns them.</summary>
    public IReadOnlyList<string> Outputs => _outputs;

    /// <summary>Runs one batch. The arrays handed to <paramref name="read"/> are valid during that call only.</summary>
    /// <param name="inputs">One value per input.</param>
    /// <param name="read">Called once per output with its number, values (row-major) and shape.</param>
    public void Run(IReadOnlyList<BatchInput> inputs, OutputReader read)
    {
        var values = new OrtValue[inputs.Count];
        try
        {
            for (var i = 0; i < values.Length; i++) values[i] = inputs[i].ToOrt(_types[i]);
            using var options = new RunOptions();
            using var results = _session.Run(options, _inputs, values, _outputs);
            for (var o = 0; o < _outputs.Length; o++)
                read(o, results[o].GetTensorDataAsSpan<float>(), results[o].GetTensorTypeAndShape().Shape);
        }
        catch (OnnxRuntimeException e)
        {
            throw new OnnxEngineException(ErrorKind.Model, $"ONNX Runtime failed while running the model: {e.Message.Split('\n')[0]}", e);
        }
        finally
        {
            foreach (var v in values) v?.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();
}

/// <summary>Reads one output of a batch.</summary>
delegate void OutputReader(int output, ReadOnlySpan<float> values, long[] shape);

/// <summary>One input of a batch: float values, or int64 values when <paramref name="Integers"/> is given.</summary>
readonly record struct BatchInput(float[] Values, long[] Shape, long[]? Integers = null)
{
    /// <summary>The tensor.</summary>
    /// <param name="type">The type that float values are converted to.</param>
    public OrtValue ToOrt(TensorElementType type)
    {
        if (Integers is { } i) return OrtValue.CreateTensorValueFromMemory(i, Shape);
        var length = (int)Shape.Aggregate(1L, (a, b) => a * b);
        return type == TensorElementType.Float
            ? OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, Values.AsMemory(0, length), Shape)
            : OrtTensors.FromFloats(Values.Length == length ? Values : Values[..length], Shape, type);
    }
}
