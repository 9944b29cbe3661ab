using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Surgery;

/// <summary>
/// Resize by picking elements. Which element each place reads is not modelled: ONNX Runtime is asked, by resizing a
/// ramp of indices along one axis, so that every way of rounding and aligning is as the operator has it.
/// </summary>
static class SamplingForms
{
    public static bool Resize(NodeProto node, RestatementSite s)
    {
        if (node.Text("mode", "nearest") != "nearest") throw s.Unsupported(node, $"it interpolates ('{node.Text("mode", "nearest")}'), and only 'nearest' has a rule");
        var (from, to) = (s.Shape(node.Input[0]), s.Shape(node.Output[0]));
        var x = node.Input[0];
        for (var a = 0; a < from.Length; a++)
        {
            if (from[a] == to[a]) continue;
            var (indices, axis) = (s.Write.Ints(Picked(node, s, a)), a);
            x = s.Write.Emit("Gather", [x, indices], n => n.Set("axis", axis));
        }
        s.Write.Emit("Identity", [x], null, node.Output[0]);
        return true;
    }

    static long[] Picked(NodeProto node, RestatementSite s, int axis)
    {
        var (from, to) = (s.Shape(node.Input[0]), s.Shape(node.Output[0]));
        var shape = Enumerable.Repeat(1L, from.Length).ToArray();
        shape[axis] = from[axis];
        var probe = new ModelProto { IrVersion = 8, Graph = new GraphProto { Name = "probe" } };
        probe.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = s.Opset });
        probe.Graph.Initializer.Add(TensorData.FromFloats("ramp", shape, [.. Enumerable.Range(0, (int)from[axis]).Select(i => (float)i)]));
        var copy = node.Clone();
        copy.Output[0] = "picked";
        copy.Input.Clear();
        copy.Input.Add("ramp");
        // Opset 11 insists on a region, even if it is not used.
        probe.Graph.Initializer.Add(TensorData.FromFloats("region", [0], []));
        // Scales are stated where the node has them: rounding sizes to scales and back may pick other elements.
        var scales = Scales(node, s);
        if (node.OpType == "Upsample" || s.Opset == 10)
        {
            if (node.Find("scales") is { } old) copy.Attribute.Remove(old);
            var own = Enumerable.Repeat(1f, from.Length).ToArray();
            own[axis] = scales?[axis] ?? (float)to[axis] / from[axis];
            if (s.Opset >= 9)
            {
                probe.Graph.Initializer.Add(TensorData.FromFloats("scales", [from.Length], own));
                copy.Input.Add("scales");
            }
            else copy.Attribute.Add(new AttributeProto { Name = "scales", Type = AttributeProto.Types.AttributeType.Floats, Floats = { own } });
        }
        else if (scales is not null)
        {
            var own = Enumerable.Repeat(1f, from.Length).ToArray();
            own[axis] = scales[axis];
            probe.Graph.Initializer.Add(TensorData.FromFloats("scales", [from.Length], own));
            copy.Input.AddRange(["region", "scales"]);
            if (copy.Find("axes") is { } axes) copy.Attribute.Remove(axes);
        }
        else
        {
            var own = Enumerable.Repeat(1L, from.Length).ToArray();
            own[axis] = to[axis];
            probe.Graph.Initializer.Add(TensorData.FromIntegers("sizes", [from.Length], own));
            probe.Graph.Initializer.Add(TensorData.FromFloats("scales", [0], []));
            copy.Input.AddRange(["region", "scales", "sizes"]);
            foreach (var name in (string[])["axes", "keep_aspect_ratio_policy"])
                if (copy.Find(name) is { } attribute) copy.Attribute.Remove(attribute);
        }
        probe.Graph.Node.Add(copy);
        probe.Graph.Output.Add(new ValueInfoProto { Name = "picked" });
        using var session = OrtRuntime.CreateSession(probe, optimise: false);
        using var options = new RunOptions();
        using var results = session.Run(options, [], [], ["picked"]);
        return [.. results[0].GetTensorDataAsSpan<float>().ToArray().Select(v => (long)v)];
    }

    // Null where sizes are given instead.
    static float[]? Scales(NodeProto node, RestatementSite s)
    {
        if (node.Find("scales") is { } attribute) return [.. attribute.Floats];
        var input = node.OpType == "Upsample" || s.Opset == 10 ? 1 : 2;
        if (!RestatementSite.Has(node, input)) return null;
        if (s.Constant(node.Input[input]) is not { } tensor || tensor.DataType != (int)DataType.Float)
            throw s.Unsupported(node, "its scales are computed while the model runs");
        var values = TensorData.Floats(tensor);
        if (values.Length == 0) return null;
        if (node.Ints("axes") is not { } axes) return values;
        var all = Enumerable.Repeat(1f, s.Shape(node.Input[0]).Length).ToArray();
        for (var i = 0; i < axes.Length; i++) all[axes[i] < 0 ? axes[i] + all.Length : axes[i]] = values[i];
        return all;
    }
}
