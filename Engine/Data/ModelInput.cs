using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Data;

/// <summary>One input of a model: what an item of it looks like, and what values it can take.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its element type.</param>
/// <param name="Geometry">What one item looks like: the declared shape without the batch.</param>
/// <param name="Bound">For an integer input: values from 0 to below this are safe; the size of the table it looks up, if it does.</param>
public sealed record ModelInput(string Name, DataType Type, InputGeometry Geometry, int Bound)
{
    /// <summary>Reads all inputs of a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="shapes">Sizes of what the model leaves open, by input name, -1 for the batch; null: left open.</param>
    internal static IReadOnlyList<ModelInput> All(ModelProto model, IReadOnlyDictionary<string, long[]>? shapes)
    {
        var index = new GraphIndex(model.Graph);
        var axes = new InputShapes(index.Inputs);
        var declared = index.Inputs.Select(DeclaredTensor.Of).ToArray();
        // A first axis is a fixed batch only if it is one for all inputs; else it is part of the item, 1 excepted.
        var batch = declared.All(d => d.Shape.Count > 1 && d.Shape[0] > 1 && d.Shape[0] == declared[0].Shape[0]) ? declared.FirstOrDefault()?.Shape[0] ?? 1 : 1;
        return [.. declared.Zip(index.Inputs, (input, value) =>
        {
            var batchAxis = input.Shape.Count > 1 && input.Shape[0] == batch ? 0 : axes.BatchAxis(value);
            var own = shapes?.GetValueOrDefault(input.Name);
            int[] item = [.. Enumerable.Range(0, input.Shape.Count).Where(axis => axis != batchAxis)
                .Select(axis => (int)(own is not null && axis < own.Length && own[axis] > 0 ? own[axis] : input.Shape[axis]))];
            return new ModelInput(input.Name, input.Type, InputGeometry.FromShape(item, input.Type == DataType.Uint8, input.Name), Table(index, input.Name));
        })];
    }

    // Rows of the smallest table that the values pick from; 2 where there is none.
    static int Table(GraphIndex index, string name)
    {
        var tables = index.Consumers(name)
            .Where(node => node is { OpType: "Gather", Input.Count: > 1 } && node.Input[1] == name)
            .Select(node => (Node: node, Data: index.Initializer(node.Input[0])))
            .Where(use => use.Data is { Dims.Count: > 0 })
            .Select(use => (int)use.Data!.Dims[(int)(use.Node.Int("axis", 0) is var axis && axis < 0 ? axis + use.Data.Dims.Count : axis)]);
        return tables.DefaultIfEmpty(2).Min();
    }
}
