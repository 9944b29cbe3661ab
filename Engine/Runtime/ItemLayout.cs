using OnnxEdit.Engine.Linear;
using OnnxEdit.Surgery.Graph;

namespace OnnxEdit.Engine.Runtime;

/// <summary>
/// What one item's share of a tensor looks like, so that activations can be kept item by item. Where the batch is open
/// and lies along the first axis of everything that linear units read and make, an item is one row of a batch. All other
/// models (a fixed batch, a packed input, a state whose batch is an inner axis) run one item at a time, at their own
/// batch, and an item is the whole tensor of that run.
/// </summary>
sealed class ItemLayout
{
    readonly ShapeTrace _atRun;

    ItemLayout(ShapeTrace trace, ShapeTrace atRun, bool isBatched) => (Trace, _atRun, IsBatched) = (trace, atRun, isBatched);

    /// <summary>The model's traced shapes.</summary>
    public ShapeTrace Trace { get; }

    /// <summary>True when several items can go through the model in one run.</summary>
    public bool IsBatched { get; }

    /// <summary>Shape of a tensor for one item.</summary>
    public long[] RowShape(string tensor)
    {
        var shape = _atRun.Shape(tensor);
        return IsBatched ? [shape[0] / _atRun.Batch, .. shape.Skip(1)] : shape;
    }

    /// <summary>Shape of <paramref name="count"/> items of a tensor side by side.</summary>
    public static long[] Stack(long[] rowShape, int count) => rowShape.Length == 0 ? rowShape : [count * rowShape[0], .. rowShape.Skip(1)];

    /// <summary>Finds the layout of a model.</summary>
    public static ItemLayout Of(NormalisedModel model)
    {
        var trace = model.Trace;
        if (!trace.HasDynamicBatch) return new ItemLayout(trace, trace, false);
        var tensors = UnitTarget.All(model.Proto, trace).SelectMany(t => new[] { t.Unit.Input, t.Unit.Output, t.Tensor });
        if (model.Index.Inputs.Select(i => i.Name).Concat(tensors).All(t => trace.BatchAxis(t) == 0 && trace.Shape(t)[0] % trace.Batch == 0))
            return new ItemLayout(trace, trace, true);
        var one = model.Index.Inputs.ToDictionary(i => i.Name, i => One(trace.Shape(i.Name), trace.BatchAxis(i.Name)));
        return new ItemLayout(trace, ShapeTrace.Run(model.Proto, one, trace.Fed), false);
    }

    static long[] One(long[] shape, int batchAxis) => [.. shape.Select((extent, axis) => axis == batchAxis ? 1 : extent)];
}
