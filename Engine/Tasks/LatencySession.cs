using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Tasks;

/// <summary>A model ready to be timed at one batch size, whatever its inputs are.</summary>
sealed class LatencySession : IDisposable
{
    /// <summary>
    /// A measurement is the fastest of several runs in a row, as many as fit in this time, five at most. A short run
    /// that another process interrupts takes several times as long, and on a busy machine that is every second run.
    /// </summary>
    const double SampleMilliseconds = 20;

    readonly ModelSession _session;
    readonly RunOptions _options = new();
    readonly InputBuffer[] _inputs;
    readonly InputBuffer[] _wholes;
    readonly string[] _inputNames;
    readonly OrtValue[] _values;
    readonly string[] _outputNames;
    int _repeats = 1;

    internal LatencySession(ModelProto model, int batch, LatencyOptions options)
    {
        var inputs = new GraphIndex(model.Graph).Inputs;
        _inputNames = [.. inputs.Select(input => input.Name)];
        _outputNames = [.. model.Graph.Output.Select(output => output.Name)];
        var random = new Random(1);
        // The first extent is the batch, whatever the caller's shape says of it.
        var given = options.InputShapes?.ToDictionary(shape => shape.Key, shape => (long[])[-1, .. shape.Value.Skip(1)]);
        var shapes = new InputShapes(inputs, given);
        _inputs = AllOrNone.Make(inputs.Count, i => Filled(DeclaredTensor.Of(inputs[i]), shapes.At(inputs[i], batch), random));
        _values = [.. _inputs.Select(input => input.Value)];
        _wholes = [.. _inputs.Where((_, i) => IsWhole(DeclaredTensor.Of(inputs[i])))];
        try
        {
            _session = CreateSession(model);
        }
        catch
        {
            foreach (var input in _inputs) input.Dispose();
            _options.Dispose();
            throw;
        }
    }

    /// <summary>The batch size the model insists on, 1 where an input has no batch axis; null: any.</summary>
    internal static int? FixedBatch(ModelProto model)
    {
        var inputs = new GraphIndex(model.Graph).Inputs.Select(DeclaredTensor.Of).Where(input => input.Shape.Count > 0).ToArray();
        if (inputs.Length == 0 || inputs[0].Shape[0] < 0) return null;
        return inputs[0].Shape.Count == 1 ? 1 : (int)inputs[0].Shape[0];
    }

    /// <summary>Runs until caches, arenas and clocks have settled, and chooses the repeats per measurement.</summary>
    internal void WarmUp(CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        var fastest = double.MaxValue;
        for (var run = 0; run < 3 || (run < 200 && watch.ElapsedMilliseconds < 200); run++)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                fastest = Math.Min(fastest, Measure());
            }
            catch (OnnxRuntimeException) when (run == 0 && _wholes.Length > 0)
            {
                // An index of 1 may be too large.
                foreach (var buffer in _wholes)
                {
                    Array.Clear(buffer.Values);
                    buffer.Commit();
                }
            }
        }

        _repeats = (int)Math.Clamp(SampleMilliseconds / fastest, 1, 5);
    }

    /// <summary>Milliseconds of one run: the fastest of the repeats.</summary>
    internal double Measure()
    {
        var fastest = double.MaxValue;
        for (var run = 0; run < _repeats; run++)
        {
            var start = Stopwatch.GetTimestamp();
            using var outputs = _session.Run(_options, _inputNames, _values, _outputNames);
            fastest = Math.Min(fastest, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        return fastest;
    }

    public void Dispose()
    {
        _session.Dispose();
        _options.Dispose();
        foreach (var input in _inputs) input.Dispose();
    }

    static ModelSession CreateSession(ModelProto model)
    {
        using var session = OrtRuntime.CreateOptions();
        session.GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL;
        // Otherwise the idle threads of one model would keep spinning into the other model's turn.
        session.AddSessionConfigEntry("session.force_spinning_stop", "1");
        try
        {
            return new ModelSession(model, session, OrtRuntime.LargeWeights);
        }
        catch (OnnxRuntimeException inner)
        {
            throw new OnnxEngineException(ErrorKind.Model, $"ONNX Runtime refuses the model: {OrtFailure.Reason(inner)}", inner);
        }
    }

    // Bytes are pixels.
    static bool IsWhole(DeclaredTensor input) => input.Type != DataType.Uint8 && !InputShapes.IsFloat((TensorElementType)input.Type);

    static InputBuffer Filled(DeclaredTensor input, long[] shape, Random random)
    {
        return AllOrNone.Prepare(new InputBuffer(input.Type, shape), buffer =>
        {
            var values = buffer.Values;
            // Normalised pixels are about this large; zeros would let some kernels take short cuts, and masks of zeros all of them.
            var spread = input.Type == DataType.Uint8 ? 255 : 2f;
            if (IsWhole(input)) Array.Fill(values, 1);
            else for (var i = 0; i < values.Length; i++)
                values[i] = spread * (float)(random.NextDouble() - (input.Type == DataType.Uint8 ? 0 : 0.5));
            buffer.Commit();
        });
    }
}
