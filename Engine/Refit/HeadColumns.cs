using OnnxEdit.Engine.Linear;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;

namespace OnnxEdit.Engine.Refit;

/// <summary>
/// How the columns of a linear unit's output or input are dealt out to the heads of an attention: which column is which
/// dimension in each matrix of tokens x D that an image has there. Found by running the data movement on numbers.
/// </summary>
static class HeadColumns
{
    /// <summary>The linear units of a model, by output, that are no convolution and go into no residual sum.</summary>
    public static Dictionary<string, LinearUnit> Units(NormalisedModel model) =>
        UnitTarget.All(model.Proto, model.Trace).Where(t => !t.Unit.IsConv && t.Other is null).ToDictionary(t => t.Unit.Output, t => t.Unit);

    /// <summary>The unit behind a tensor, with nothing but movement and scalar factors between; null when there is none.</summary>
    public static LinearUnit? Straight(ChannelAnalysis analysis, string tensor, Dictionary<string, LinearUnit> units)
    {
        var index = analysis.Model.Index;
        while (!units.ContainsKey(tensor))
        {
            if (index.Producer(tensor) is not { } node || index.Consumers(node.Output[0]).Count != 1) return null;
            if (!IsMovement(node) && !IsScalarFactor(analysis.Model, node)) return null;
            tensor = node.Input[0];
        }
        return index.Consumers(tensor).Count == 1 && analysis.Tensors.TryGetValue(tensor, out var c)
            && c.Axis == analysis.Model.Trace.Shape(tensor).Length - 1 ? units[tensor] : null;
    }

    /// <summary>True for an operator that only moves values.</summary>
    public static bool IsMovement(NodeProto node) => node.OpType is "Reshape" or "Transpose" or "Squeeze" or "Unsqueeze" or "Identity";

    /// <summary>Columns of a unit's output at each matrix of <paramref name="tensor"/>, or null where tokens differ.</summary>
    /// <param name="model">The model.</param>
    /// <param name="unit">The unit, straight behind the tensor.</param>
    /// <param name="tensor">A tensor [.., tokens, D], or [.., D, tokens].</param>
    /// <param name="dimensionsLast">Which of the two.</param>
    public static int[][]? Of(NormalisedModel model, LinearUnit unit, string tensor, bool dimensionsLast)
    {
        var trace = model.Trace;
        var (shape, moved) = (trace.Shape(unit.Output), trace.Shape(tensor));
        if (moved.Length < 3 || (trace.Batch > 1 && trace.BatchAxis(tensor) != 0)) return null;
        var (tokens, size) = dimensionsLast ? ((int)moved[^2], (int)moved[^1]) : ((int)moved[^1], (int)moved[^2]);
        var values = Move(model, unit.Output, shape, i => (int)(i % shape[^1]), tensor);
        if (values is null) return null;
        var matrices = values.Length / (tokens * size) / trace.Batch;
        var columns = new int[matrices][];
        for (var m = 0; m < matrices; m++)
        {
            int At(int t, int d) => values[(m * tokens * size) + (dimensionsLast ? (t * size) + d : (d * tokens) + t)];
            columns[m] = [.. Enumerable.Range(0, size).Select(d => At(0, d))];
            for (var t = 1; t < tokens; t++)
                for (var d = 0; d < size; d++)
                    if (At(t, d) != columns[m][d]) return null;
        }
        return columns;
    }

    /// <summary>For each matrix of <paramref name="tensor"/> [.., tokens, D] the columns of a later unit's input that its dimensions become, or null.</summary>
    public static int[][]? Into(NormalisedModel model, string tensor, LinearUnit reader)
    {
        var trace = model.Trace;
        var (shape, read) = (trace.Shape(tensor), trace.Shape(reader.Input));
        if (shape.Length < 3 || (trace.Batch > 1 && trace.BatchAxis(tensor) != 0)) return null;
        var (tokens, size, width) = ((int)shape[^2], (int)shape[^1], (int)read[^1]);
        var matrices = (int)(shape.Aggregate(1L, (a, b) => a * b) / (tokens * size) / trace.Batch);
        if (matrices * size != width) return null;
        // Numbered by matrix and dimension.
        var values = Move(model, tensor, shape, i => (int)(i / (tokens * size) % matrices * size + i % size), reader.Input);
        if (values is null) return null;
        var columns = Enumerable.Range(0, matrices).Select(_ => new int[size]).ToArray();
        for (var i = 0; i < values.Length; i++)
        {
            if (values[i] != values[i % width]) return null;
            columns[values[i] / size][values[i] % size] = i % width;
        }
        return columns;
    }

    static bool IsScalarFactor(NormalisedModel model, NodeProto node) =>
        node.OpType is "Mul" or "Div" && model.Index.Initializer(node.Input[1]) is { } f && TensorData.ElementCount(f) == 1;

    // What numbered values become on the way from one tensor to another.
    static int[]? Move(NormalisedModel model, string from, long[] shape, Func<long, int> number, string to)
    {
        var count = shape.Aggregate(1L, (a, b) => a * b);
        float[] numbers = [.. Enumerable.Range(0, (int)count).Select(i => (float)number(i))];
        if (from == to) return Array.ConvertAll(numbers, v => (int)v);
        var part = SubgraphExtraction.Between(model.Proto, model.Trace, [from], [to]);
        foreach (var node in part.Graph.Node.Where(n => n.OpType is "Mul" or "Div"))
        {
            node.OpType = "Identity";
            node.Input.RemoveAt(1);
        }
        if (part.Graph.Node.Count == 0) return null;
        FloatBoundary.Apply(part, model.Trace);
        int[]? moved = null;
        using var runner = new BatchRunner(part);
        runner.Run([new BatchInput(numbers, shape)], (_, values, _) => moved = Array.ConvertAll(values.ToArray(), v => (int)v));
        return moved;
    }
}
