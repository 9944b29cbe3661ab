using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Surgery.Gradients.Forms;

/// <summary>
/// Resize by picking elements, or by a matrix along each axis where it interpolates. Which elements each place reads is
/// not modelled: ONNX Runtime is asked, by resizing a ramp of indices, or unit vectors, along one axis. So every way of
/// rounding and aligning is as the operator has it.
/// </summary>
static class SamplingForms
{
    public static bool Resize(NodeProto node, RestatementSite s)
    {
        if (node.Text("coordinate_transformation_mode", "") == "tf_crop_and_resize") throw s.Unsupported(node, "it crops while it resizes");
        var (from, to, w) = (s.Shape(node.Input[0]), s.Shape(node.Output[0]), s.Write);
        var x = node.Input[0];
        for (var a = 0; a < from.Length; a++)
        {
            if (from[a] == to[a]) continue;
            var axis = a;
            if (node.Text("mode", "nearest") == "nearest")
                x = w.Emit("Gather", [x, w.Ints([.. Indices(node, s, a).Select(v => (long)v)])], n => n.Set("axis", axis));
            else x = Interpolated(x, UnitVectors(node, s, a), from.Length, a, from[a], to[a], w);
        }
        w.Emit("Identity", [x], null, node.Output[0]);
        return true;
    }

    // x M along an axis, M [from, to] by rows.
    static string Interpolated(string x, double[] matrix, int rank, int axis, long from, long to, NodeWriter w)
    {
        var m = w.Floats([from, to], matrix);
        if (axis == rank - 1) return w.MatMul(x, m);
        long[] swapped = [.. Enumerable.Range(0, rank).Select(a => (long)a)];
        (swapped[axis], swapped[^1]) = (swapped[^1], swapped[axis]);
        return w.Transpose(w.MatMul(w.Transpose(x, swapped), m), swapped);
    }

    static float[] Indices(NodeProto node, RestatementSite s, int axis)
    {
        var from = s.Shape(node.Input[0])[axis];
        return Resampled(node, s, axis, 1, [.. Enumerable.Range(0, (int)from).Select(i => (float)i)]);
    }

    static double[] UnitVectors(NodeProto node, RestatementSite s, int axis)
    {
        if (axis == 0) throw s.Unsupported(node, "it interpolates along the batch");
        var from = (int)s.Shape(node.Input[0])[axis];
        var units = new float[from * from];
        for (var i = 0; i < from; i++) units[i * (from + 1)] = 1;
        return Array.ConvertAll(Resampled(node, s, axis, from, units), v => (double)v);
    }

    // What the operator makes of rows of numbers that lie along one axis.
    static float[] Resampled(NodeProto node, RestatementSite s, int axis, long rows, float[] values)
    {
        var (from, to) = (s.Shape(node.Input[0]), s.Shape(node.Output[0]));
        var shape = Enumerable.Repeat(1L, from.Length).ToArray();
        shape[0] = rows;
        shape[axis] = from[axis];
        var probe = new ModelProto { IrVersion = 8, Graph = new GraphProto { Name = "probe" } };
        probe.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = s.Opset });
        probe.Graph.Initializer.Add(TensorData.FromFloats("ramp", shape, values));
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
            var own = (long[])shape.Clone();
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
        return results[0].GetTensorDataAsSpan<float>().ToArray();
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
