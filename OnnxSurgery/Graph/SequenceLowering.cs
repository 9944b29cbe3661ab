using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Graph;

/// <summary>
/// Replaces lists of tensors, where it is known what is in them, by the tensors: ConcatFromSequence becomes Concat, SplitToSequence
/// a Split, SequenceAt the element. What stays a list (in loops, at places that are computed) stays as it is.
/// </summary>
static class SequenceLowering
{
    /// <summary>Lowers; true when the graph changed. Changes the model in place.</summary>
    /// <param name="model">A folded model.</param>
    /// <param name="trace">Its traced shapes.</param>
    public static bool Apply(ModelProto model, ShapeTrace trace)
    {
        var graph = model.Graph;
        if (!graph.Node.Any(n => n.IsStandard() && n.OpType.Contains("Sequence", StringComparison.Ordinal))) return false;
        var index = new GraphIndex(graph);
        var opset = model.OpsetImport.Where(o => o.Domain is "" or "ai.onnx").Select(o => o.Version).DefaultIfEmpty(1).Max();
        Dictionary<string, string[]> lists = [];
        List<NodeProto> nodes = [];
        var changed = false;
        foreach (var node in graph.Node.ToArray())
        {
            if (node.IsStandard() && Elements(node) is { } elements) lists[node.Output[0]] = elements;
            if (node.IsStandard() && Lowered(node) is { } instead)
            {
                nodes.AddRange(instead);
                changed = true;
            }
            else nodes.Add(node);
        }
        if (!changed) return false;
        graph.Node.Clear();
        graph.Node.AddRange(nodes);
        ConstantFolding.DropUnread(graph);
        return true;

        // What a list holds, or null where that is not known.
        string[]? Elements(NodeProto node) => node.OpType switch
        {
            "SequenceEmpty" => [],
            "SequenceConstruct" => [.. node.Input],
            "SequenceInsert" when lists.TryGetValue(node.Input[0], out var before) => Place(node, 2, before.Length + 1, before.Length) is { } at ? [.. before[..at], node.Input[1], .. before[at..]] : null,
            "SequenceErase" when lists.TryGetValue(node.Input[0], out var before) => Place(node, 1, before.Length, before.Length - 1) is { } at ? [.. before[..at], .. before[(at + 1)..]] : null,
            "SplitToSequence" => Split(node),
            _ => null,
        };

        NodeProto[]? Lowered(NodeProto node)
        {
            if (node.Input.Count == 0 || !lists.TryGetValue(node.Input[0], out var list)) return null;
            if (node.OpType == "SequenceAt" && Place(node, 1, list.Length, null) is { } at) return [NodeAttributes.Node("Identity", [list[at]], [node.Output[0]], node.Name)];
            if (node.OpType != "ConcatFromSequence" || list.Length == 0) return null;
            var axis = node.Int("axis", 0);
            if (node.Int("new_axis", 0) == 0) return [Along("Concat", list, [node.Output[0]], axis, node.Name)];
            var stacked = list.Select((_, i) => $"{node.Output[0]}/{i}").ToArray();
            return [.. list.Select((element, i) => OnAxis("Unsqueeze", element, stacked[i], axis)), Along("Concat", stacked, [node.Output[0]], axis, node.Name)];
        }

        // A constant place among so many, counted from the end where negative; the last one where there is no input.
        int? Place(NodeProto node, int input, int count, int? otherwise)
        {
            if (input >= node.Input.Count || node.Input[input].Length == 0) return otherwise is >= 0 ? otherwise : null;
            if (index.Initializer(node.Input[input]) is not { } stored || TensorData.Integers(stored) is not [var at]) return null;
            var place = at < 0 ? at + count : at;
            return place >= 0 && place < count ? (int)place : null;
        }

        string[]? Split(NodeProto node)
        {
            if (!trace.Shapes.TryGetValue(node.Input[0], out var shape)) return null;
            var axis = (int)node.Int("axis", 0);
            if (axis < 0) axis += shape.Length;
            if (axis < 0 || axis >= shape.Length || !trace.IsAlwaysSize(node.Input[0], axis, shape[axis], shape[axis], shape[axis])) return null;
            var hasSizes = node.Input.Count > 1 && node.Input[1].Length > 0;
            if (Sizes(node, shape[axis], hasSizes) is not { } sizes || sizes.Length == 0 || sizes.Sum() != shape[axis]) return null;
            var squeezed = !hasSizes && node.Int("keepdims", 1) == 0;
            var elements = sizes.Select((_, i) => $"{node.Output[0]}/{i}").ToArray();
            var parts = squeezed ? [.. elements.Select(e => $"{e}/kept")] : elements;
            var split = Along("Split", [node.Input[0]], parts, axis, node.Name);
            if (opset >= 13) split.Input.Add(Stored($"{node.Output[0]}/sizes", sizes));
            else split.Set("split", sizes);
            nodes.Add(split);
            if (squeezed) nodes.AddRange(parts.Select((part, i) => OnAxis("Squeeze", part, elements[i], axis)));
            return elements;
        }

        // One size for all, the last may be smaller; a list of sizes; or one each.
        long[]? Sizes(NodeProto node, long length, bool hasSizes)
        {
            if (!hasSizes) return length <= 1024 ? [.. Enumerable.Repeat(1L, (int)length)] : null;
            if (index.Initializer(node.Input[1]) is not { } stored) return null;
            var given = TensorData.Integers(stored);
            if (stored.Dims.Count > 0) return given;
            if (given is not [> 0 and var size] || length / size > 1024) return null;
            return [.. Enumerable.Range(0, (int)((length + size - 1) / size)).Select(i => Math.Min(size, length - (i * size)))];
        }

        NodeProto Along(string op, IEnumerable<string> inputs, IEnumerable<string> outputs, long axis, string name)
        {
            var node = NodeAttributes.Node(op, inputs, outputs, name);
            node.Set("axis", axis);
            return node;
        }

        NodeProto OnAxis(string op, string input, string output, long axis)
        {
            var node = NodeAttributes.Node(op, [input], [output], output);
            if (opset >= 13) node.Input.Add(Stored($"{output}/axis", [axis]));
            else node.Set("axes", [axis]);
            return node;
        }

        string Stored(string name, long[] values)
        {
            graph.Initializer.Add(TensorData.FromIntegers(name, [values.Length], values));
            return name;
        }
    }
}
