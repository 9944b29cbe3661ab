using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels.Rules;

/// <summary>Operators that sample maps at other places, every channel alike.</summary>
static class SamplingRules
{
    /// <summary>GridSample, RoiAlign, MaxRoiPool: channels on axis 1 pass; the other inputs say where to sample.</summary>
    public static void AtPlaces(NodeProto node, ChannelFlow flow)
    {
        foreach (var place in node.Input.Skip(1).Where(i => i.Length > 0))
            if (flow.Of(place) is { } c) flow.Lock(c.Ids, flow.Because(node, "they say where it samples"));
        if (flow.Of(node.Input[0]) is not { } input) return;
        if (input.Axis != 1) flow.LockInputs(node, "samples along the channel axis");
        else flow.Set(node.Output[0], 1, input.Ids);
    }

    /// <summary>Resize (scales or sizes, all axes or chosen ones) and Upsample: channels pass unless their axis is resized.</summary>
    public static void Resize(NodeProto node, ChannelFlow flow)
    {
        var others = Enumerable.Range(1, node.Input.Count - 1).Where(i => ChannelFlow.Has(node, i)).ToArray();
        foreach (var i in others)
            if (flow.Of(node.Input[i]) is { } c) flow.Lock(c.Ids, flow.Because(node, "they say where it samples"));
        if (flow.Of(node.Input[0]) is not { } input) return;
        var axis = input.Axis;
        if (flow.Shape(node.Output[0])[axis] != input.Ids.Length || CropsChannels(node, flow, axis))
        {
            flow.LockInputs(node, "resizes the channel axis");
            return;
        }
        flow.Set(node.Output[0], axis, input.Ids);
        if (!ChannelFlow.Has(node, 3) || EntryOf(node, axis, flow.Shape(node.Input[0]).Length) is not (>= 0 and var at)) return;
        if (flow.Constant(node, 3) is null)
        {
            if (!flow.Counts.Says(node.Input[3], at, input.Ids, flow)) flow.LockInputs(node, "its sizes are computed in the graph");
            return;
        }
        flow.Rewrite(node, site =>
        {
            var sizes = site.Integers(3);
            sizes[at] = site.KeptCount(input.Ids);
            site.SetIntegers(3, sizes);
        });
    }

    // Sizes and scales may be given for some axes only (opset 18).
    static int EntryOf(NodeProto node, int axis, int rank) =>
        node.Ints("axes") is { } axes ? Array.FindIndex(axes, a => (a < 0 ? a + rank : a) == axis) : axis;

    // With a region of interest an axis can keep its length and still be sampled elsewhere.
    static bool CropsChannels(NodeProto node, ChannelFlow flow, int axis)
    {
        if (node.Text("coordinate_transformation_mode", "half_pixel") != "tf_crop_and_resize") return false;
        if (flow.Constant(node, 1) is not { } roi) return true;
        var values = TensorData.Floats(roi);
        var at = EntryOf(node, axis, flow.Shape(node.Input[0]).Length);
        return at >= 0 && (values.Length <= at + values.Length / 2 || values[at] != 0 || values[at + values.Length / 2] != 1);
    }
}
