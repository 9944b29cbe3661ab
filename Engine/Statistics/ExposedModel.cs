using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Statistics;

/// <summary>Builds the smallest model that computes chosen inner tensors of another, in and out as float32.</summary>
static class ExposedModel
{
    const string Images = "onnxedit_images";

    /// <summary>The model; its outputs stand in the order asked for.</summary>
    /// <param name="model">The model to take tensors from.</param>
    /// <param name="tensors">Distinct tensors that nodes make.</param>
    /// <exception cref="OnnxEngineException">The model has more than one input.</exception>
    public static ModelProto Of(NormalisedModel model, IReadOnlyList<string> tensors)
    {
        var inputs = model.Index.Inputs;
        if (inputs.Count != 1)
            throw new OnnxEngineException(ErrorKind.Model, $"The model has {inputs.Count} inputs ({string.Join(", ", inputs.Select(i => i.Name))}); statistics of images need exactly one.");
        var exposed = SubgraphExtraction.Between(model.Proto, model.Trace, [inputs[0].Name], tensors);
        var graph = exposed.Graph;
        foreach (var input in graph.Input.Where(i => i.Type.TensorType.ElemType != (int)DataType.Float))
        {
            graph.Node.Insert(0, Cast(Images, input.Name, (DataType)input.Type.TensorType.ElemType));
            input.Name = Images;
            input.Type.TensorType.ElemType = (int)DataType.Float;
        }
        foreach (var output in graph.Output.Where(o => (int)model.Trace.ElementType(o.Name) != (int)DataType.Float))
        {
            var single = $"{output.Name}_onnxedit_float";
            graph.Node.Add(Cast(output.Name, single, DataType.Float));
            output.Name = single;
        }
        return exposed;
    }

    static NodeProto Cast(string from, string to, DataType type)
    {
        var node = NodeAttributes.Node("Cast", [from], [to]);
        node.Set("to", (long)type);
        return node;
    }
}
