using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Statistics;

/// <summary>Builds the smallest model that computes chosen inner tensors of another, out as float32.</summary>
static class ExposedModel
{
    /// <summary>The model; its outputs stand in the order asked for.</summary>
    /// <param name="model">The model to take tensors from.</param>
    /// <param name="tensors">Distinct tensors that nodes make.</param>
    public static ModelProto Of(NormalisedModel model, IReadOnlyList<string> tensors)
    {
        var exposed = SubgraphExtraction.Between(model.Proto, model.Trace, [.. model.Index.Inputs.Select(i => i.Name)], tensors);
        var graph = exposed.Graph;
        foreach (var output in graph.Output.Where(o => (int)model.Trace.ElementType(o.Name) != (int)DataType.Float))
        {
            var single = $"{output.Name}_onnxedit_float";
            var cast = NodeAttributes.Node("Cast", [output.Name], [single]);
            cast.Set("to", (long)DataType.Float);
            graph.Node.Add(cast);
            output.Name = single;
        }
        return exposed;
    }
}
