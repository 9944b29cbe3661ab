using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Graph;

/// <summary>Runs of a model with every tensor exposed, from which <see cref="ShapeTrace"/> learns shapes.</summary>
/// <param name="session">The model of <see cref="Exposing"/>.</param>
/// <param name="run">What bounds each run.</param>
sealed class TraceRuns(ModelSession session, BoundedRun run)
{
    /// <summary>Elements of a tensor whose values are kept: it may be a shape, or what a shape is computed from.</summary>
    public const int LargestShapeVector = 32;

    readonly string[] _names = [.. session.OutputMetadata.Keys];

    /// <summary>What a run made of every tensor, by name.</summary>
    public sealed class Values : Dictionary<string, Found>;

    /// <summary>A tensor of a run.</summary>
    /// <param name="Shape">Its shape.</param>
    /// <param name="Type">Type of its elements.</param>
    /// <param name="Bytes">Its elements, where they are few and numbers or truth values.</param>
    public sealed record Found(long[] Shape, TensorElementType Type, byte[]? Bytes)
    {
        /// <summary>Its elements, where they are few and integers of 64 bits.</summary>
        public long[]? Integers => Type == TensorElementType.Int64 && Bytes is not null ? [.. MemoryMarshal.Cast<byte, long>(Bytes)] : null;
    }

    /// <summary>True when the bound ended a run: no other input will do better.</summary>
    public bool IsRefused => run.Refusal is not null;

    /// <summary>A copy of a model that returns every tensor that a node makes.</summary>
    public static ModelProto Exposing(ModelProto model)
    {
        var exposed = model.Clone();
        exposed.Graph.Output.Clear();
        exposed.Graph.Output.AddRange(exposed.Graph.Node.SelectMany(n => n.Output).Where(o => o.Length > 0).Select(o => new ValueInfoProto { Name = o }));
        exposed.Graph.ValueInfo.Clear();
        return exposed;
    }

    /// <summary>Runs the model once.</summary>
    /// <param name="inputs">What to feed.</param>
    /// <param name="batch">Examples.</param>
    /// <param name="whole">The number for integers and truth values that no example tells, see <see cref="InputShapes.Probe"/>.</param>
    /// <exception cref="OnnxSurgeryException">It does not run so.</exception>
    public Values Once(InputShapes inputs, int batch, int whole)
    {
        List<OrtValue> values = [];
        try
        {
            foreach (var input in inputs.Inputs) values.Add(inputs.Probe(input, batch, whole));
            using var results = session.Run(run.Options, [.. inputs.Inputs.Select(i => i.Name)], values, _names);
            Values found = [];
            for (var i = 0; i < _names.Length; i++)
            {
                if (!results[i].IsTensor) continue;
                var info = results[i].GetTensorTypeAndShape();
                var isKept = info.ElementDataType != TensorElementType.String && info.ElementCount <= LargestShapeVector;
                found[_names[i]] = new Found(info.Shape, info.ElementDataType, isKept ? results[i].GetTensorDataAsSpan<byte>().ToArray() : null);
            }
            return found;
        }
        catch (OnnxRuntimeException e)
        {
            throw run.Refusal ?? new OnnxSurgeryException($"ONNX Runtime cannot run the model at batch {batch}: {OrtRuntime.FirstLine(e.Message)}", e);
        }
        finally
        {
            foreach (var v in values) v.Dispose();
        }
    }

    /// <summary>A run at other sizes of the open extents, and what was fed; null where none is open, or the model takes no other size.</summary>
    public (Values Found, InputShapes Fed)? AtOtherSizes(InputShapes inputs, int batch, int whole)
    {
        foreach (var other in inputs.OtherSizes())
            try
            {
                foreach (var input in other.Inputs) TraceRoom.Require(input.Name, other.At(input, batch));
                return (Once(other, batch, whole), other);
            }
            catch (OnnxSurgeryException)
            {
                // The next proposal may fit better.
            }
        return null;
    }

    /// <summary>
    /// Refuses a batch at which activations would not fit into memory. With a symbolic batch inference leaves sizes open that
    /// depend on it (a Reshape to -1); with a fixed one it does not.
    /// </summary>
    /// <exception cref="OnnxSurgeryException">They would not.</exception>
    public static void RequireRoom(ModelProto exposed, InputShapes inputs, int batch)
    {
        var fixedBatch = exposed.Clone();
        foreach (var input in inputs.Inputs)
        {
            var dims = fixedBatch.Graph.Input.First(i => i.Name == input.Name).Type.TensorType.Shape.Dim;
            var shape = inputs.At(input, batch);
            for (var a = 0; a < dims.Count; a++) dims[a].DimValue = shape[a];
        }
        ModelSession session;
        try
        {
            session = OrtRuntime.CreateSession(fixedBatch, optimise: false);
        }
        catch (OnnxSurgeryException)
        {
            // It does not fit together at this batch; running it will tell.
            return;
        }
        using (session) TraceRoom.Require(session, batch);
    }
}
