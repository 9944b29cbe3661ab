using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Engine.Edits;

namespace OnnxEdit.Engine.Deployment;

/// <summary>What putting requests together changes in their answers.</summary>
/// <param name="IsBatch">Whether the first extent of all inputs and outputs is a batch: every row has its own answer.</param>
/// <param name="Difference">Largest |together - alone| / max(1, |alone|) of any float; 0 means bit for bit.</param>
/// <param name="Reason">Why it is no batch, as half a sentence; null when it is.</param>
sealed record BatchCheck(bool IsBatch, double Difference, string? Reason)
{
    const int Rows = 3;

    /// <summary>Runs different items together and alone.</summary>
    /// <param name="model">The model.</param>
    /// <param name="item">Makes the inputs of one item, batch 1, from its number.</param>
    /// <param name="cancellation">Ends the work early.</param>
    public static BatchCheck Run(ServableModel model, Func<int, IReadOnlyList<TensorValue>> item, CancellationToken cancellation = default)
    {
        if (!model.HasOpenBatch) return new BatchCheck(false, 0, "the graph fixes the batch");
        var items = Enumerable.Range(0, Rows).Select(item).ToArray();
        IReadOnlyList<TensorValue>[] alone;
        IReadOnlyList<TensorValue> together;
        try
        {
            alone = [.. items.Select(inputs => model.Run(inputs, null, cancellation))];
            together = model.Run([.. model.Inputs.Select((_, i) => Join([.. items.Select(inputs => inputs[i])]))], null, cancellation);
        }
        catch (OnnxEngineException e)
        {
            return new BatchCheck(false, 0, $"it does not run at batch {Rows} ({e.Message.TrimEnd('.')})");
        }
        var worst = 0.0;
        for (var o = 0; o < together.Count; o++)
        {
            var all = together[o];
            if (all.Shape.Length == 0 || all.Shape[0] != Rows) return new BatchCheck(false, 0, $"the output '{all.Name}' has no row per item ([{string.Join(',', all.Shape)}] for {Rows} items)");
            if (all.Type == ServedType.Bytes) continue;
            var length = all.Bytes.Length / Rows;
            for (var row = 0; row < Rows; row++)
            {
                var difference = TensorDifference.Largest(alone[row][o], all with { Shape = alone[row][o].Shape, Bytes = all.Bytes.Slice(row * length, length) });
                worst = Math.Max(worst, difference);
                var tolerance = all.Type.Element is TensorElementType.Float16 or TensorElementType.BFloat16 ? EditVerification.HalfTolerance : EditVerification.Tolerance;
                if (!(difference <= tolerance)) return new BatchCheck(false, difference, FormattableString.Invariant($"the output '{all.Name}' of an item differs by {difference:g3} when others are run beside it"));
            }
        }
        return new BatchCheck(true, worst, null);
    }

    /// <summary>Tensors of equal shape but for the first extent, one after the other.</summary>
    public static TensorValue Join(IReadOnlyList<TensorValue> parts)
    {
        var bytes = new byte[parts.Sum(part => part.Bytes.Length)];
        var at = 0;
        foreach (var part in parts)
        {
            part.Bytes.CopyTo(bytes.AsMemory(at));
            at += part.Bytes.Length;
        }
        return parts[0] with { Shape = [parts.Sum(part => part.Shape[0]), .. parts[0].Shape[1..]], Bytes = bytes };
    }
}
