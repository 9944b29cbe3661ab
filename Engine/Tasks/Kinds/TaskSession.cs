using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Tasks.Kinds;

/// <summary>Gets what a model answers to one item, one output for each tensor that was asked for.</summary>
delegate void ItemReader(int item, IReadOnlyList<ItemOutput> outputs);

/// <summary>Gets what two models answer to one item, one output each for each tensor that was asked for.</summary>
delegate void ItemPairReader(int item, IReadOnlyList<ItemOutput> first, IReadOnlyList<ItemOutput> second);

/// <summary>
/// A model loaded to be measured: items in, the tensors of a task out, in batches. Models with a fixed batch run at their own, filled up
/// with the last item; models whose tensors have the items elsewhere than first run one item at a time. Items that are sequences run
/// with their likes in length and without the padding that none of these needs, where the model leaves the length open.
/// </summary>
sealed class TaskSession : IDisposable
{
    /// <summary>Floats that go in at most in one batch, so that large pictures do not fill the memory.</summary>
    const int BatchFloats = 8 << 20;

    /// <summary>Items that two models answer in turns.</summary>
    const int Chunk = 32;

    readonly ModelSession _session;
    readonly TaskSubject _subject;
    readonly string[] _tensors;
    readonly int? _fixed;
    readonly bool _isItemFirst;
    readonly int[] _batchAxes;

    /// <summary>Loads the model.</summary>
    /// <param name="subject">The model.</param>
    /// <param name="tensors">Graph outputs or inner tensors.</param>
    /// <exception cref="OnnxSurgeryException">ONNX Runtime refuses the model.</exception>
    public TaskSession(TaskSubject subject, IReadOnlyList<string> tensors)
    {
        (_subject, _tensors) = (subject, [.. tensors]);
        var batches = subject.Inputs.Select(input => input.Shape.Count > 0 ? input.Shape[0] : -1).ToArray();
        _fixed = batches.All(batch => batch == batches[0]) && batches[0] > 0 ? (int)batches[0] : null;
        var open = new InputShapes(subject.Index.Inputs);
        _batchAxes = [.. subject.Index.Inputs.Select(input => Math.Max(0, open.BatchAxis(input)))];
        _isItemFirst = _batchAxes.All(axis => axis == 0) && tensors.All(name => subject.Outputs.FirstOrDefault(output => output.Name == name) is not { Shape: { Count: > 0 } shape } || shape[0] < 0 || shape[0] == _fixed);
        _session = OrtRuntime.CreateSession(Exposing(subject.Model, _tensors));
    }

    /// <summary>Runs all items; the reader gets each once, sequences in the order of their lengths.</summary>
    /// <exception cref="OnnxEngineException">The model fails on the items (<see cref="ErrorKind.Model"/>), or they do not fit it (<see cref="ErrorKind.Data"/>).</exception>
    public void Run(ItemSet items, ItemReader read, IProgress<WorkProgress>? progress, CancellationToken cancellation, string stage = "evaluating")
    {
        var parts = items.Parts;
        ItemInputs.Require([.. _subject.Inputs.Select(input => input.Name)], items);
        var masks = SequenceMask.Of(items, _subject.Inputs);
        var order = masks is null ? null : Enumerable.Range(0, items.Count).OrderBy(masks.Used).ToArray();
        var isPacked = _subject.Inputs.Zip(parts).Any(pair => pair.First.Shape.Count == pair.Second.ItemShape.Count);
        var limit = isPacked ? 1 : _fixed ?? (_isItemFirst ? Math.Clamp(BatchFloats / Math.Max(1, items.ItemLength), 1, _subject.Options.Batch) : 1);
        using var options = new RunOptions();
        // A big model can take seconds for one batch; this ends it in the middle.
        using var stop = cancellation.Register(() => options.Terminate = true);
        for (var first = 0; first < items.Count;)
        {
            cancellation.ThrowIfCancellationRequested();
            int[] batch = [.. Enumerable.Range(first, Math.Min(limit, items.Count - first)).Select(at => order?[at] ?? at)];
            try
            {
                if (!RunBatch(parts, batch, isPacked ? 1 : _fixed ?? batch.Length, masks, options, read))
                {
                    if (_fixed is { } rows) throw new OnnxEngineException(
                        ErrorKind.Model, $"The model insists on {rows} items at once and does not return a row for each of them in {string.Join(", ", _tensors.Select(name => $"'{name}'"))}, so items cannot be told apart; name another output with EvaluationOptions.Output.");
                    limit = 1;
                    continue;
                }
            }
            catch (OnnxRuntimeException) when (!cancellation.IsCancellationRequested && first == 0 && batch.Length > 1 && _fixed is null)
            {
                limit = 1;
                continue;
            }
            catch (OnnxRuntimeException inner)
            {
                cancellation.ThrowIfCancellationRequested();
                throw new OnnxEngineException(
                    ErrorKind.Model, $"The model fails on items of shape {string.Join(", ", parts.Select(part => $"[{string.Join(',', part.ItemShape)}]"))}: {OrtFailure.Reason(inner)}", inner);
            }

            first += batch.Length;
            progress?.Report(new WorkProgress(stage, first, items.Count));
        }
    }

    /// <summary>Runs all items through two models side by side, chunk by chunk, so that no more answers are held than a chunk has.</summary>
    /// <inheritdoc cref="Run" path="/exception"/>
    public static void RunBoth(TaskSession first, TaskSession second, ItemSet items, ItemPairReader read, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        for (var from = 0; from < items.Count; from += Chunk)
        {
            var chunk = items.Select([.. Enumerable.Range(from, Math.Min(Chunk, items.Count - from))]);
            var found = new IReadOnlyList<ItemOutput>[chunk.Count];
            first.Run(chunk, (item, outputs) => found[item] = outputs, null, cancellation);
            second.Run(chunk, (item, outputs) => read(from + item, found[item], outputs), null, cancellation);
            progress?.Report(new WorkProgress("comparing answers", from + chunk.Count, items.Count));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    // False where the items turn out not to lie along the first axis of what came out.
    bool RunBatch(IReadOnlyList<ItemSet> parts, int[] batch, int rows, SequenceMask? masks, RunOptions options, ItemReader read)
    {
        var kept = masks is null ? 0 : batch.Max(masks.Used);
        using var inputs = new DisposableList<InputBuffer>();
        for (var p = 0; p < parts.Count; p++)
        {
            var declared = _subject.Inputs[p];
            var length = masks?.CanTrimAll == true ? kept : parts[p].ItemLength;
            List<long> shape = length == parts[p].ItemLength ? [.. parts[p].ItemShape.Select(extent => (long)extent)] : [length];
            // A packed input has no axis for items.
            if (declared.Shape.Count != shape.Count) shape.Insert(Math.Min(_batchAxes[p], shape.Count), rows);
            var buffer = new InputBuffer(declared.Type, [.. shape]);
            inputs.Add(buffer);
            var item = new float[parts[p].ItemLength];
            for (var row = 0; row < rows; row++)
            {
                // Filled up with the last item rather than zeros: it is sure to be a value the model can take.
                if (row < batch.Length) parts[p].Fill(batch[row], 1, item);
                item.AsSpan(0, length).CopyTo(buffer.Values.AsSpan(row * length));
            }
            buffer.Commit();
        }
        using var outputs = _session.Run(options, [.. _subject.Inputs.Select(input => input.Name)], [.. inputs.Select(input => input.Value)], _tensors);
        var values = outputs.Select(output => (Values: Singles(output), Shape: output.GetTensorTypeAndShape().Shape)).ToArray();
        if (rows > 1 && values.Any(output => output.Shape.Length == 0 || output.Shape[0] != rows)) return false;
        for (var row = 0; row < batch.Length; row++)
        {
            var mask = masks?.Of(batch[row], kept);
            read(batch[row], [.. values.Select(output => Row(output.Values, output.Shape, row, rows, mask))]);
        }
        return true;
    }

    static ItemOutput Row(float[] values, long[] shape, int row, int rows, bool[]? mask)
    {
        var isFirst = shape.Length > 0 && shape[0] == rows;
        var length = isFirst ? values.Length / rows : values.Length;
        int[] extents = [.. shape.Skip(isFirst ? 1 : 0).Select(extent => (int)extent)];
        return new ItemOutput(isFirst && rows > 1 ? values.AsSpan(row * length, length).ToArray() : values, extents, mask);
    }

    static float[] Singles(OrtValue value)
    {
        var type = value.GetTensorTypeAndShape().ElementDataType;
        switch (type)
        {
            case TensorElementType.Float: return value.GetTensorDataAsSpan<float>().ToArray();
            case TensorElementType.Float16:
                var halves = MemoryMarshal.Cast<Float16, Half>(value.GetTensorDataAsSpan<Float16>());
                var singles = new float[halves.Length];
                TensorPrimitives.ConvertToSingle(halves, singles);
                return singles;
            case TensorElementType.Double: return Array.ConvertAll(value.GetTensorDataAsSpan<double>().ToArray(), number => (float)number);
            case TensorElementType.Int64: return Array.ConvertAll(value.GetTensorDataAsSpan<long>().ToArray(), number => (float)number);
            case TensorElementType.Int32: return Array.ConvertAll(value.GetTensorDataAsSpan<int>().ToArray(), number => (float)number);
            case TensorElementType.UInt8: return Array.ConvertAll(value.GetTensorDataAsSpan<byte>().ToArray(), number => (float)number);
            case TensorElementType.Int8: return Array.ConvertAll(value.GetTensorDataAsSpan<sbyte>().ToArray(), number => (float)number);
            case TensorElementType.Bool: return Array.ConvertAll(value.GetTensorDataAsSpan<bool>().ToArray(), flag => flag ? 1f : 0f);
            default: throw new OnnxEngineException(ErrorKind.Model, $"An output of element type {type} cannot be measured; name another with EvaluationOptions.Output.");
        }
    }

    /// <summary>The model with some tensors among its outputs; a copy, where that needs a change.</summary>
    static ModelProto Exposing(ModelProto model, IReadOnlyList<string> names)
    {
        var missing = names.Where(name => !model.Graph.Output.Any(output => output.Name == name)).ToArray();
        if (missing.Length == 0) return model;
        var copy = model.Clone();
        // ONNX Runtime infers the types of outputs that declare none.
        foreach (var name in missing) copy.Graph.Output.Add(new ValueInfoProto { Name = name });
        return copy;
    }
}

/// <summary>Things that are disposed of together.</summary>
sealed class DisposableList<T> : List<T>, IDisposable where T : IDisposable
{
    public void Dispose()
    {
        foreach (var item in this) item.Dispose();
    }
}
