using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Surgery.Channels;

/// <summary>
/// Runs a data-movement operator on tensors of channel identities, so that where its elements go never has to be
/// modelled op by op. Identities travel as float32 (every such operator takes it; exact below 2^24).
/// </summary>
static class IndexExecution
{
    /// <summary>Identities of every element of each output of the node, with the output shapes.</summary>
    /// <param name="node">The node; inputs that carry no channels and are not constants count as "must stay" (0).</param>
    /// <param name="flow">The walk so far.</param>
    /// <param name="dataInputs">Which inputs are data; the others must be constants, or small integers as traced.</param>
    public static List<(int[] Ids, long[] Shape)> Run(NodeProto node, ChannelFlow flow, Func<int, bool> dataInputs) =>
        Run(node, flow, dataInputs, (tensor, shape) => Expand(flow.Of(tensor), shape));

    /// <summary>The same with other numbers than identities, from the name and shape of a tensor.</summary>
    public static List<(int[] Ids, long[] Shape)> Run(
        NodeProto node, ChannelFlow flow, Func<int, bool> dataInputs, Func<string, long[], float[]> numbers)
    {
        var model = new ModelProto { IrVersion = flow.Model.Proto.IrVersion, Graph = new GraphProto { Name = "indices" } };
        model.OpsetImport.AddRange(flow.Model.Proto.OpsetImport.Select(o => o.Clone()));
        var copy = node.Clone();
        List<OrtValue> values = [];
        List<string> names = [];
        try
        {
            for (var i = 0; i < node.Input.Count; i++)
            {
                if (!ChannelFlow.Has(node, i)) continue;
                if (!dataInputs(i))
                {
                    if (model.Graph.Initializer.All(t => t.Name != node.Input[i]))
                        model.Graph.Initializer.Add(Known(node, i, flow));
                    continue;
                }
                var shape = flow.Shape(node.Input[i]);
                var name = $"in{i}";
                copy.Input[i] = name;
                names.Add(name);
                model.Graph.Input.Add(FloatInput(name, shape));
                values.Add(OrtValue.CreateTensorValueFromMemory(numbers(node.Input[i], shape), shape));
            }
            for (var o = 0; o < copy.Output.Count; o++)
            {
                if (copy.Output[o].Length == 0) continue;
                copy.Output[o] = $"out{o}";
                model.Graph.Output.Add(new ValueInfoProto { Name = $"out{o}" });
            }
            model.Graph.Node.Add(copy);
            using var session = OrtRuntime.CreateSession(model, optimise: false);
            using var options = new RunOptions();
            using var results = session.Run(options, names, values, [.. model.Graph.Output.Select(o => o.Name)]);
            return [.. results.Select(r => (
                Array.ConvertAll(r.GetTensorDataAsSpan<float>().ToArray(), v => (int)v), r.GetTensorTypeAndShape().Shape))];
        }
        catch (OnnxRuntimeException e)
        {
            throw new OnnxSurgeryException($"ONNX Runtime cannot run {node.OpType} '{node.Output[0]}' on its own: {OrtRuntime.FirstLine(e.Message)}", e);
        }
        finally
        {
            foreach (var v in values) v.Dispose();
        }
    }

    static TensorProto Known(NodeProto node, int input, ChannelFlow flow) => flow.Constant(node, input)?.Clone()
        ?? TensorData.FromIntegers(node.Input[input], flow.Shape(node.Input[input]), flow.Model.Trace.Integers(node.Input[input])!.Value.First);

    /// <summary>One identity per element of a tensor.</summary>
    static float[] Expand(AxisChannels? channels, long[] shape)
    {
        var result = new float[shape.Aggregate(1L, (a, b) => a * b)];
        if (channels is null) return result;
        var inner = shape.Skip(channels.Axis + 1).Aggregate(1L, (a, b) => a * b);
        var block = inner * channels.Ids.Length;
        for (long i = 0; i < result.Length; i++) result[i] = channels.Ids[i % block / inner];
        return result;
    }

    /// <summary>
    /// The single axis along which identities vary. Where they vary along several, the axis that keeps most
    /// channels apart is chosen and channels at the same place along it are joined, so that removing them leaves
    /// a rectangular tensor. Null when the channels lie along the batch, or nothing varies and no axis can carry the
    /// channel.
    /// </summary>
    /// <param name="ids">One identity per element.</param>
    /// <param name="shape">Shape of the tensor.</param>
    /// <param name="batchAxis">Its batch axis, or -1.</param>
    /// <param name="flow">The walk.</param>
    /// <param name="reason">Why channels are joined.</param>
    /// <param name="heads">The axis of attention heads, where they are split off here.</param>
    /// <param name="barred">Axes along which channels would be locked by the next operator; another one is taken where there is one.</param>
    /// <param name="only">The one axis that can be; null: all.</param>
    public static AxisChannels? Compress(
        int[] ids, long[] shape, int batchAxis, ChannelFlow flow, ChannelLock reason, int? heads = null, IReadOnlyCollection<int>? barred = null, int? only = null)
    {
        AxisChannels? best = null;
        var bestSets = -1;
        for (var axis = 0; axis < shape.Length; axis++)
        {
            if (only is { } one && axis != one) continue;
            var inner = shape.Skip(axis + 1).Aggregate(1L, (a, b) => a * b);
            var first = FirstAlong(ids, shape, axis, inner);
            var conflicts = false;
            for (long i = 0; i < ids.Length && !conflicts; i++)
                conflicts = flow.Sets.Find(ids[i]) != flow.Sets.Find(first[i / inner % shape[axis]]);
            if (axis == batchAxis && conflicts) continue;
            if (conflicts && heads is { } h && (axis == h) != (flow.HeadCut == HeadCut.Heads)) continue;
            var sets = conflicts ? SetsAfterJoining(ids, shape, axis, inner, flow) : int.MaxValue / 2 + first.Distinct().Count();
            if (shape[axis] == 1 && shape.Length > 1 && !conflicts && axis != 1) sets--; // prefer the usual channel axis
            if (conflicts && barred?.Contains(axis) == true) sets = 0;
            if (axis == batchAxis) sets -= 2; // only where no other axis tells the channels apart
            if (sets <= bestSets) continue;
            (bestSets, best) = (sets, new AxisChannels(axis, first));
        }
        if (best is null || ids.Length == 0 || best.Axis == batchAxis) return null;
        if (shape[best.Axis] > 1 && best.Ids.Distinct().Count() == 1 && best.Ids[0] != 0 && !shape.Contains(1)) return null;
        var step = shape.Skip(best.Axis + 1).Aggregate(1L, (a, b) => a * b);
        for (long i = 0; i < ids.Length; i++) flow.Sets.Join(ids[i], best.Ids[i / step % shape[best.Axis]], reason);
        return best;
    }

    static int[] FirstAlong(int[] ids, long[] shape, int axis, long inner)
    {
        var first = new int[shape[axis]];
        for (var p = 0; p < first.Length; p++) first[p] = ids[p * inner];
        return first;
    }

    // How many free sets of channels would remain if all that share a place along the axis were joined.
    static int SetsAfterJoining(int[] ids, long[] shape, int axis, long inner, ChannelFlow flow)
    {
        var parent = new Dictionary<int, int>();
        int Root(int x)
        {
            while (parent.TryGetValue(x, out var p) && p != x) x = p;
            return x;
        }
        var at = new int[shape[axis]];
        Array.Fill(at, -1);
        foreach (var id in ids.Distinct()) parent.TryAdd(flow.Sets.Find(id), flow.Sets.Find(id));
        for (long i = 0; i < ids.Length; i++)
        {
            var place = i / inner % shape[axis];
            var root = Root(flow.Sets.Find(ids[i]));
            if (at[place] < 0) at[place] = root;
            else
            {
                var other = Root(at[place]);
                if (other != root) parent[Math.Max(other, root)] = Math.Min(other, root);
            }
        }
        return parent.Keys.Select(Root).Distinct().Count(r => r != 0);
    }

    static ValueInfoProto FloatInput(string name, long[] shape)
    {
        var type = new TypeProto.Types.Tensor { ElemType = (int)DataType.Float, Shape = new TensorShapeProto() };
        foreach (var d in shape) type.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = d });
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = type } };
    }
}
