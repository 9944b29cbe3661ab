using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>Concrete shapes for tests: runs the model once on zeros with every tensor exposed.</summary>
static class TracedShapes
{
    /// <summary>Shape of each tensor by name; symbolic input dimensions become <paramref name="batch"/>. Float inputs only.</summary>
    public static Dictionary<string, long[]> Of(ModelProto model, long batch = 1)
    {
        var exposed = model.Clone();
        var index = new GraphIndex(exposed.Graph);
        foreach (var name in exposed.Graph.Node.SelectMany(n => n.Output).Where(o => o.Length > 0 && !index.IsOutput(o)))
            exposed.Graph.Output.Add(new ValueInfoProto { Name = name });
        using var session = OrtRuntime.CreateSession(exposed, optimise: false);
        using var options = new RunOptions();
        var shapes = new Dictionary<string, long[]>();
        List<OrtValue> inputs = [];
        foreach (var input in index.Inputs)
        {
            shapes[input.Name] = [.. input.Type.TensorType.Shape.Dim.Select(d => d.DimValue > 0 ? d.DimValue : batch)];
            inputs.Add(OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance,
                (Microsoft.ML.OnnxRuntime.Tensors.TensorElementType)input.Type.TensorType.ElemType, shapes[input.Name]));
            inputs[^1].GetTensorMutableRawData().Clear();
        }
        var names = exposed.Graph.Output.Select(o => o.Name).ToArray();
        using var values = session.Run(options, [.. index.Inputs.Select(i => i.Name)], inputs, names);
        for (var i = 0; i < names.Length; i++) shapes[names[i]] = values[i].GetTensorTypeAndShape().Shape;
        foreach (var value in inputs) value.Dispose();
        foreach (var t in model.Graph.Initializer) shapes[t.Name] = [.. t.Dims];
        return shapes;
    }
}
