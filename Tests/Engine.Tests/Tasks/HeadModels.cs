using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Tasks.Detection;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Tests.Tasks;

/// <summary>Models that take and return what detectors do; nothing in them is run.</summary>
static class HeadModels
{
    /// <summary>A model that takes a picture of 64 x 64 (84 cells on maps of 8, 16 and 32 pixels) and returns one output.</summary>
    /// <param name="shape">Extents behind the batch; -1 is open.</param>
    public static ModelProto One(params long[] shape) => Of(64, "Conv", ("out", TensorProto.Types.DataType.Float, shape));

    /// <summary>A model with any outputs.</summary>
    /// <param name="edge">Height and width of the picture; -1: open.</param>
    /// <param name="op">The operator that makes the outputs.</param>
    /// <param name="outputs">Name, type and extents of each, without the batch; a first extent of 0 stands for no batch axis.</param>
    public static ModelProto Of(int edge, string op, params (string Name, TensorProto.Types.DataType Type, long[] Shape)[] outputs)
    {
        var b = new GraphBuilder(1);
        b.Several(op, [b.Input("x", 3, edge, edge)], [.. outputs.Select(o => o.Name)], [.. outputs.Select(o => o.Shape is [0, .. var own] ? own : [1, .. o.Shape])]);
        var model = b.Build([.. outputs.Select(o => o.Name)]);
        foreach (var (declared, output) in model.Graph.Output.Zip(outputs))
        {
            declared.Type.TensorType.ElemType = (int)output.Type;
            if (output.Shape[0] == 0) Extent(declared, 0, output.Shape[1]);
        }
        foreach (var value in model.Graph.Input.Concat(model.Graph.Output))
            for (var axis = 1; axis < value.Type.TensorType.Shape.Dim.Count; axis++) Extent(value, axis, value.Type.TensorType.Shape.Dim[axis].DimValue);
        return model;
    }

    static void Extent(ValueInfoProto value, int axis, long extent) =>
        value.Type.TensorType.Shape.Dim[axis] = extent > 0 ? new() { DimValue = extent } : new() { DimParam = $"{value.Name}_{axis}" };

    public static ModelProto Says(this ModelProto model, string key, string value)
    {
        model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
        return model;
    }

    public static TaskSubject Subject(this ModelProto model, string? task = null) => TaskSubject.Of(model, new EvaluationOptions { Task = task });

    public static DetectorHead Head(this ModelProto model, string? task = null)
    {
        var (head, obstacle) = DetectorHeads.Of(model.Subject(task));
        return head ?? throw new InvalidOperationException(obstacle);
    }
}
