using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Surgery.Components;

/// <summary>
/// Turns any model into one of one number per example, read from a tensor by weights that the example brings with it as further inputs. What
/// explains the margin of a classifier then explains this number.
/// </summary>
static class AnswerGraph
{
    /// <summary>Name of the new output, [examples, 2]: the number and zero, so that it is the margin of class 0.</summary>
    public const string Output = "onnxedit_answer";

    const double Never = -1e30;

    /// <summary>A rewritten copy; its own outputs stay beside the new one.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="reading">What is read.</param>
    public static ModelProto Adapt(ModelProto model, AnswerReading reading)
    {
        var copy = model.Clone();
        var graph = copy.Graph;
        var batch = new GraphIndex(graph).Inputs[0].Type.TensorType.Shape.Dim[0];
        foreach (var (name, shape) in reading.Inputs) graph.Input.Add(Value(name, batch, shape));
        var opset = model.OpsetImport.First(o => o.Domain.Length == 0).Version;
        var w = new NodeWriter(graph.Node, graph);
        // Of half precision sums over many values would be no numbers.
        var x = w.Cast(reading.Tensor, DataType.Float);
        var answer = reading.Form switch
        {
            AnswerForm.Sum => Products(w, x, reading.Shape.Aggregate(1, (a, b) => a * b), AnswerReading.Weights),
            AnswerForm.Pooled => w.MatMul(w.MatMul(AnswerReading.Shares, x), AnswerReading.Weights),
            _ => Products(w, Lead(w, x, reading, opset), reading.Places.Aggregate(1, (a, b) => a * b), AnswerReading.Shares),
        };
        var column = w.Reshape(answer, [-1, 1]);
        w.Emit("Concat", [column, w.Scale(column, 0)], n => n.Set("axis", 1L), Output);
        graph.Output.Insert(0, Value(Output, batch, 2));
        return copy;
    }

    /// <summary>What an adapted model was before, whatever was done to it since.</summary>
    /// <param name="adapted">The adapted model; not changed.</param>
    /// <param name="outputs">The outputs that it had.</param>
    public static ModelProto Restore(ModelProto adapted, IEnumerable<ValueInfoProto> outputs)
    {
        var copy = adapted.Clone();
        copy.Graph.Output.Clear();
        copy.Graph.Output.AddRange(outputs.Select(output => output.Clone()));
        ConstantFolding.DropUnread(copy.Graph);
        foreach (var input in copy.Graph.Input.Where(input => input.Name is AnswerReading.Weights or AnswerReading.Shares).ToArray()) copy.Graph.Input.Remove(input);
        return copy;
    }

    static string Products(NodeWriter w, string x, int values, string weights) => w.MatMul(w.Reshape(x, [-1, 1, values]), weights);

    // The score of each place's class less the largest other one.
    static string Lead(NodeWriter w, string x, AnswerReading reading, long opset)
    {
        var axis = reading.ClassAxis + 1L;
        // ONNX Runtime has OneHot for indices of int64 only.
        var isOwn = w.Emit("OneHot", [w.Cast(AnswerReading.Weights, DataType.Int64), w.Ints([], [reading.Shape[reading.ClassAxis]]), w.Floats([2], [0, 1])], n => n.Set("axis", axis));
        return w.Sub(Reduce("ReduceSum", w.Mul(x, isOwn), 13), Reduce("ReduceMax", w.Add(x, w.Scale(isOwn, Never)), 18));

        string Reduce(string op, string of, int axesAsInput) => w.Emit(op, opset >= axesAsInput ? [of, w.Ints(axis)] : [of], n =>
        {
            if (opset < axesAsInput) n.Set("axes", (long[])[axis]);
            n.Set("keepdims", 0L);
        });
    }

    static ValueInfoProto Value(string name, TensorShapeProto.Types.Dimension batch, params IEnumerable<int> shape)
    {
        var type = new TypeProto.Types.Tensor { ElemType = (int)DataType.Float, Shape = new TensorShapeProto() };
        type.Shape.Dim.Add(batch.Clone());
        type.Shape.Dim.AddRange(shape.Select(extent => new TensorShapeProto.Types.Dimension { DimValue = extent }));
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = type } };
    }
}
