using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Surgery.Rewrites;

/// <summary>
/// Multiplies data inputs of linear operators by 0/1 masks. The masked model computes what the model without the
/// masked channels computes, which is how a removal is checked.
/// </summary>
static class MaskInsertion
{
    /// <summary>A copy of the analysed model in which every consumer sees zeros where the given cells were.</summary>
    /// <param name="analysis">The analysis.</param>
    /// <param name="removed">One flag per cell.</param>
    public static ModelProto Apply(ChannelAnalysis analysis, IReadOnlyList<bool> removed)
    {
        var source = analysis.Model.Proto;
        var model = source.Clone();
        var slices = analysis.Masks.Where(c => c.Channels.Ids.Any(i => i >= 0 && removed[i])).ToLookup(c => c.Node);
        model.Graph.Node.Clear();
        foreach (var node in source.Graph.Node)
        {
            var copy = node.Clone();
            foreach (var slice in slices[node])
            {
                model.Graph.Node.AddRange(Mask(slice, analysis, removed, $"{node.Output[0]}_in{slice.Input}", model.Graph.Initializer));
                copy.Input[slice.Input] = $"{node.Output[0]}_in{slice.Input}_masked";
            }
            model.Graph.Node.Add(copy);
        }
        return model;
    }

    static IEnumerable<NodeProto> Mask(
        ConsumerSlice slice, ChannelAnalysis analysis, IReadOnlyList<bool> removed, string prefix, ICollection<TensorProto> constants)
    {
        var tensor = slice.Node.Input[slice.Input];
        var type = (DataType)analysis.Model.Trace.ElementType(tensor);
        var dims = Enumerable.Repeat(1L, analysis.Model.Trace.Shape(tensor).Length).ToArray();
        dims[slice.Channels.Axis] = slice.Channels.Ids.Length;
        var kept = Array.ConvertAll(slice.Channels.Ids, c => c >= 0 && removed[c] ? 0f : 1f);
        var mask = TensorData.FromFloats($"{prefix}_mask", dims, kept);
        constants.Add(mask);
        if (type is DataType.Float or DataType.Float16 or DataType.Bfloat16 or DataType.Double)
        {
            mask.DataType = (int)type;
            TensorData.SetFloats(mask, kept);
            return [NodeAttributes.Node("Mul", [tensor, mask.Name], [$"{prefix}_masked"])];
        }
        // Quantised: what stands for zero is where the mask is not. Not every operator takes every integer type.
        var zero = slice.ZeroPoint;
        if (zero is null) constants.Add(TensorData.FromFloats(zero = $"{prefix}_zero", [], [0]));
        return
        [
            Cast(tensor, $"{prefix}_wide", DataType.Float),
            Cast(zero, $"{prefix}_zero_wide", DataType.Float),
            Cast(mask.Name, $"{prefix}_where", DataType.Bool),
            NodeAttributes.Node("Where", [$"{prefix}_where", $"{prefix}_wide", $"{prefix}_zero_wide"], [$"{prefix}_chosen"]),
            Cast($"{prefix}_chosen", $"{prefix}_masked", type),
        ];
    }

    static NodeProto Cast(string from, string to, DataType type)
    {
        var node = NodeAttributes.Node("Cast", [from], [to]);
        node.Set("to", (long)type);
        return node;
    }
}
