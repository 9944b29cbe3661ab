using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Tasks;

/// <summary>Receives the logits of some items: <paramref name="count"/> rows of equal length, items [first, first + count).</summary>
/// <param name="first">Index of the first item.</param>
/// <param name="count">Number of items.</param>
/// <param name="logits">Their logits, row by row; valid during the call only.</param>
delegate void LogitsReader(int first, int count, ReadOnlySpan<float> logits);

/// <summary>
/// A classifier loaded for inference: items in, logits out, in batches. Models with a fixed batch run at their own,
/// the last batch filled up; models whose declared free batch does not work in fact run one item at a time.
/// </summary>
sealed class ClassifierSession : IDisposable
{
    /// <summary>Floats in one batch at most, so that large images do not fill the memory.</summary>
    const int BatchFloats = 8 << 20;

    readonly ModelSession _session;
    readonly int _batchLimit;
    readonly string? _inner;
    readonly DeclaredTensor[] _declared;

    /// <summary>Loads the model.</summary>
    /// <param name="model">The classifier.</param>
    /// <param name="output">The logits; null: found as in <see cref="ClassifierSignature.Of"/>.</param>
    /// <param name="batch">Items per run at most, for models that leave the batch open.</param>
    /// <param name="inner">An inner tensor [items, length] to hand over as well, or null.</param>
    /// <exception cref="OnnxEngineException">Not a classifier, or no such output.</exception>
    /// <exception cref="OnnxSurgeryException">ONNX Runtime refuses the model.</exception>
    public ClassifierSession(OnnxModel model, string? output = null, int batch = 64, string? inner = null)
        : this(model.Proto, output, batch, inner) { }

    /// <summary>Loads a graph that is no model of its own yet.</summary>
    /// <inheritdoc cref="ClassifierSession(OnnxModel, string?, int, string?)"/>
    internal ClassifierSession(ModelProto model, string? output = null, int batch = 64, string? inner = null)
    {
        Signature = ClassifierSignature.Measured(model, output);
        (_batchLimit, _inner, _declared) = (batch, inner, [.. new GraphIndex(model.Graph).Inputs.Select(DeclaredTensor.Of)]);
        _session = OrtRuntime.CreateSession(Exposing(model, Signature, inner is null ? [Signature.LogitsName] : [Signature.LogitsName, inner]));
    }

    /// <summary>What goes in and what comes out.</summary>
    public ClassifierSignature Signature { get; }

    /// <summary>Number of classes: the declared one, else what the first run showed; 0 before that.</summary>
    public int Classes { get; private set; }

    /// <summary>
    /// Runs all images and hands over their logits batch by batch, in order; of sequences with an attention mask item by item in the order
    /// of their lengths, which run without the padding that their batch does not need.
    /// </summary>
    /// <param name="images">The images.</param>
    /// <param name="read">Gets the logits.</param>
    /// <param name="progress">Told how many images are done.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <param name="readInner">Gets the inner tensor, row by row, if the session was made to hand it over.</param>
    /// <exception cref="OnnxEngineException">The model fails on the images, or its output is no class scores.</exception>
    public void Run(
        ItemSet images, LogitsReader read, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default, LogitsReader? readInner = null)
    {
        ItemInputs.Require(Signature.InputNames, images);
        if (_inner is not null || Signature.FixedBatch is not null || SequenceMask.Of(images, _declared) is not { CanTrimAll: true } masks)
        {
            RunBatches(images, null, read, progress, cancellation, readInner);
            return;
        }
        var order = Enumerable.Range(0, images.Count).OrderBy(masks.Used).ToArray();
        for (var first = 0; first < order.Length; first += _batchLimit)
        {
            var chunk = order[first..Math.Min(first + _batchLimit, order.Length)];
            var kept = masks.Used(chunk[^1]);
            ItemSet[] parts = [.. images.Select(chunk).Parts.Select(part => new CutItemSet(part, kept))];
            RunBatches(parts is [var only] ? only : new JoinedItemSet(parts), chunk, (from, count, logits) =>
            {
                for (var i = 0; i < count; i++) read(chunk[from + i], 1, logits.Slice(i * Classes, Classes));
            }, null, cancellation, null);
            progress?.Report(new WorkProgress("evaluating", first + chunk.Length, order.Length));
        }
    }

    // Numbers: of the items in the set that they are from, for messages.
    void RunBatches(ItemSet images, int[]? numbers, LogitsReader read, IProgress<WorkProgress>? progress, CancellationToken cancellation, LogitsReader? readInner)
    {
        var batch = Signature.FixedBatch ?? Math.Clamp(BatchFloats / Math.Max(1, images.ItemLength), 1, _batchLimit);
        using var options = new RunOptions();
        // A big model can take seconds for one batch; this ends it in the middle.
        using var stop = cancellation.Register(() => options.Terminate = true);
        for (var first = 0; first < images.Count;)
        {
            cancellation.ThrowIfCancellationRequested();
            var count = Math.Min(batch, images.Count - first);
            var rows = Signature.FixedBatch ?? count;
            try
            {
                RunBatch(images, numbers, first, count, rows, options, read, readInner);
            }
            catch (OnnxRuntimeException) when (!cancellation.IsCancellationRequested && first == 0 && rows > 1 && Signature.FixedBatch is null)
            {
                batch = 1;
                continue;
            }
            catch (OnnxRuntimeException inner)
            {
                cancellation.ThrowIfCancellationRequested();
                throw new OnnxEngineException(
                    ErrorKind.Model, $"The model fails on inputs of shape {string.Join(" and ", images.Parts.Select(part => $"[{string.Join(',', ItemInputs.Shape(part, rows))}]"))}: {OrtFailure.Reason(inner)}", inner);
            }

            first += count;
            progress?.Report(new WorkProgress("evaluating", first, images.Count));
        }
    }

    /// <summary>Unloads the model.</summary>
    public void Dispose() => _session.Dispose();

    void RunBatch(ItemSet images, int[]? numbers, int first, int count, int rows, RunOptions options, LogitsReader read, LogitsReader? readInner)
    {
        using var batch = new ItemBatch([.. Signature.Inputs.Zip(images.Parts, (input, part) => (input.Type, ItemInputs.Shape(part, rows)))]);
        batch.Load(images, first, count);
        batch.Commit();
        using var outputs = _session.Run(options, Signature.InputNames, [.. batch.Inputs], _inner is null ? [Signature.LogitsName] : [Signature.LogitsName, _inner]);
        var logits = Floats(outputs[0], rows);
        for (var i = 0; i < count * Classes; i++)
            if (float.IsNaN(logits[i]))
                throw new OnnxEngineException(
                    ErrorKind.Model, $"The output '{Signature.OutputName}' is NaN for item {numbers?[first + i / Classes] ?? first + i / Classes}; the model's weights or the data hold values it cannot work with.");
        read(first, count, logits[..(count * Classes)]);
        if (_inner is null || readInner is null) return;
        var values = Singles(outputs[1]);
        readInner(first, count, values[..(values.Length / rows * count)]);
    }

    ReadOnlySpan<float> Floats(OrtValue value, int rows)
    {
        var info = value.GetTensorTypeAndShape();
        var shape = info.Shape;
        var perRow = shape.Length >= 2 && shape[0] == rows && shape.Skip(2).All(extent => extent == 1) ? (int)shape[1] : 0;
        if (Signature.IsBinary && perRow == 1)
        {
            Classes = 2;
            return Both(Singles(value));
        }
        if (perRow < 2 || (Classes > 0 && perRow != Classes))
            throw ClassifierSignature.Unsuitable(
                $"the output '{Signature.OutputName}' is [{string.Join(',', shape)}] for {rows} item{(rows == 1 ? "" : "s")}, not one score per class; name the logits with EvaluationOptions.Output");
        Classes = perRow;
        return Singles(value);
    }

    // The score is that of class 1 against class 0.
    static float[] Both(ReadOnlySpan<float> scores)
    {
        var both = new float[2 * scores.Length];
        for (var i = 0; i < scores.Length; i++) both[2 * i + 1] = scores[i];
        return both;
    }

    ReadOnlySpan<float> Singles(OrtValue value)
    {
        var type = value.GetTensorTypeAndShape().ElementDataType;
        switch (type)
        {
            case Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float:
                return value.GetTensorDataAsSpan<float>();
            case Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float16:
                var halves = MemoryMarshal.Cast<Float16, Half>(value.GetTensorDataAsSpan<Float16>());
                var singles = new float[halves.Length];
                TensorPrimitives.ConvertToSingle(halves, singles);
                return singles;
            case Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Double:
                return Array.ConvertAll(value.GetTensorDataAsSpan<double>().ToArray(), number => (float)number);
            default:
                throw ClassifierSignature.Unsuitable($"the output '{Signature.OutputName}' is {type}, not float");
        }
    }

    /// <summary>The model with some tensors among its outputs; a copy, where that needs a change.</summary>
    static ModelProto Exposing(ModelProto model, ClassifierSignature signature, IEnumerable<string> names)
    {
        string[] missing = [.. names.Where(n => !model.Graph.Output.Any(output => output.Name == n))];
        if (missing.Length == 0)
            return model;
        var copy = model.Clone();
        foreach (var name in missing)
        {
            copy.Graph.Output.Add(new ValueInfoProto
            {
                Name = name,
                Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)signature.LogitsType } },
            });
        }

        return copy;
    }
}
