using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Runtime;

/// <summary>
/// Gives a cut-out part of a graph float32 inputs and outputs, whatever it computes in: half and double networks
/// then share all code that stores activations.
/// </summary>
static class FloatBoundary
{
    /// <summary>Adds Cast nodes where an input or output is not float32.</summary>
    /// <param name="part">A part cut out by <see cref="SubgraphExtraction"/>; changed in place.</param>
    /// <param name="trace">Traced types of the whole network.</param>
    public static void Apply(ModelProto part, ShapeTrace trace)
    {
        var graph = part.Graph;
        var at = 0;
        foreach (var input in graph.Input.Where(i => trace.ElementType(i.Name) != TensorElementType.Float))
        {
            var own = $"{input.Name}:own";
            foreach (var node in graph.Node.Skip(at))
                for (var i = 0; i < node.Input.Count; i++)
                    if (node.Input[i] == input.Name) node.Input[i] = own;
            graph.Node.Insert(at++, Cast(input.Name, own, (DataType)(int)trace.ElementType(input.Name)));
            input.Type.TensorType.ElemType = (int)DataType.Float;
        }
        foreach (var output in graph.Output.Where(o => trace.ElementType(o.Name) != TensorElementType.Float))
        {
            var single = $"{output.Name}:float";
            graph.Node.Add(Cast(output.Name, single, DataType.Float));
            output.Name = single;
        }
    }

    static NodeProto Cast(string from, string to, DataType type)
    {
        var node = NodeAttributes.Node("Cast", [from], [to]);
        node.Set("to", (long)type);
        return node;
    }
}
