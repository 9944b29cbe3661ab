using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Surgery.Components;

/// <summary>
/// Turns a language model - token ids [examples, tokens] in, scores of the next token [examples, tokens, words] out - into
/// a model of one number per example: the mean over its tokens of the margin of the token that really comes next, which is
/// its score less the largest other one. What explains the margin of a classifier then explains this.
/// </summary>
static class TokenMargin
{
    /// <summary>Name of the new output, [examples, 2]: the mean margin and zero, so that it is the margin of class 0.</summary>
    public const string Output = "onnxedit_token_margin";

    const double Never = -1e30;

    /// <summary>Whether a model takes integers [examples, tokens] and returns scores [examples, tokens, words].</summary>
    public static bool Fits(ModelProto model)
    {
        var inputs = new GraphIndex(model.Graph).Inputs;
        return inputs.Count == 1 && IsIds(inputs[0]) && model.Graph.Output.Count > 0 && Dims(model.Graph.Output[0]).Length == 3;
    }

    /// <summary>A rewritten copy, which takes the ids as float32 under the same name.</summary>
    /// <param name="model">The language model; not changed.</param>
    /// <exception cref="OnnxSurgeryException">It has another form, does not say how many words there are, or is of an opset before 13.</exception>
    public static ModelProto Adapt(ModelProto model)
    {
        if (!Fits(model))
            throw new OnnxSurgeryException("A sequence model has to take token ids [examples, tokens] as its only input and return scores [examples, tokens, words]; make other inputs constants.");
        var opset = model.OpsetImport.First(o => o.Domain.Length == 0).Version;
        if (opset < 13) throw new OnnxSurgeryException($"The model is of opset {opset}, and sequence models need 13 or later; export it anew.");
        var copy = model.Clone();
        var graph = copy.Graph;
        var (ids, logits) = (new GraphIndex(graph).Inputs[0], graph.Output[0]);
        var words = Dims(logits)[2]?.DimValue ?? 0;
        if (words < 2) words = ShapeTrace.Run(model).Shape(logits.Name)[2];
        List<NodeProto> before = [];
        var tokens = new NodeWriter(before, graph).Cast(ids.Name, (DataType)ids.Type.TensorType.ElemType);
        foreach (var node in graph.Node)
            for (var i = 0; i < node.Input.Count; i++)
                if (node.Input[i] == ids.Name) node.Input[i] = tokens;
        graph.Node.Insert(0, before[0]);
        ids.Type.TensorType.ElemType = (int)DataType.Float;

        var w = new NodeWriter(graph.Node, graph) { Type = (DataType)logits.Type.TensorType.ElemType };
        string Reduce(string op, string x, long axis, bool keep)
        {
            // The axes of these became an input in opset 18, those of ReduceSum in 13.
            var asInput = op == "ReduceSum" || opset >= 18;
            return w.Emit(op, asInput ? [x, w.Ints(axis)] : [x], n =>
            {
                if (!asInput) n.Set("axes", (long[])[axis]);
                n.Set("keepdims", keep ? 1L : 0L);
            });
        }
        var scores = w.Slice(logits.Name, [0], [-1], [1], [1]);
        // ONNX Runtime has OneHot for indices of int64 only.
        var next = w.Cast(w.Slice(tokens, [1], [long.MaxValue], [1], [1]), DataType.Int64);
        var isNext = w.Emit("OneHot", [next, w.Ints([], [words]), w.Floats([2], [0, 1])], n => n.Set("axis", -1L));
        var own = Reduce("ReduceSum", w.Mul(scores, isNext), 2, keep: false);
        var other = Reduce("ReduceMax", w.Add(scores, w.Scale(isNext, Never)), 2, keep: false);
        var mean = Reduce("ReduceMean", w.Sub(own, other), 1, keep: true);
        w.Emit("Concat", [mean, w.Scale(mean, 0)], n => n.Set("axis", 1L), Output);
        graph.Output.Clear();
        var type = new TypeProto.Types.Tensor { ElemType = (int)w.Type, Shape = new TensorShapeProto() };
        type.Shape.Dim.Add(ids.Type.TensorType.Shape.Dim[0].Clone());
        type.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = 2 });
        graph.Output.Add(new ValueInfoProto { Name = Output, Type = new TypeProto { TensorType = type } });
        return copy;
    }

    static bool IsIds(ValueInfoProto value) => value.Type?.TensorType is { } t && (DataType)t.ElemType is DataType.Int64 or DataType.Int32 && Dims(value).Length == 2;

    static TensorShapeProto.Types.Dimension?[] Dims(ValueInfoProto value) => [.. value.Type?.TensorType?.Shape?.Dim ?? []];
}
