using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Gradients.Blocked;

/// <summary>Lets a blocked convolution add a shortcut and rectify in the same pass, where nobody else reads what lies between.</summary>
static class BlockedFusion
{
    /// <summary>Fuses in place.</summary>
    public static void Apply(List<NodeProto> nodes, IReadOnlySet<string> outputs)
    {
        var readers = nodes.SelectMany(n => n.Input).Where(i => i.Length > 0).CountBy(i => i).ToDictionary();
        Dictionary<string, int> made = [];
        Dictionary<string, NodeProto> convolutions = [];
        var gone = new HashSet<NodeProto>(ReferenceEqualityComparer.Instance);
        for (var at = 0; at < nodes.Count; at++)
        {
            var node = nodes[at];
            foreach (var o in node.Output) made[o] = at;
            if (node.Domain == BlockedKernels.Domain && node.OpType == "Conv") convolutions[node.Output[0]] = node;
            if (node.IsStandard() && node.OpType == "Add" && Only(node.Input[0], node.Input[1]) is var (sum, other) && sum.Input.Count < 4 && sum.Find("activation") is null)
            {
                while (sum.Input.Count < 3) sum.Input.Add("");
                sum.Input.Add(other);
                Take(sum, node);
            }
            else if (node.IsStandard() && node.OpType == "Relu" && Single(node.Input[0]) is { } conv && conv.Find("activation") is null)
            {
                conv.Set("activation", "Relu");
                Take(conv, node);
            }
        }
        nodes.RemoveAll(gone.Contains);

        NodeProto? Single(string tensor) => readers.GetValueOrDefault(tensor) == 1 && !outputs.Contains(tensor) ? convolutions.GetValueOrDefault(tensor) : null;

        // A convolution that only the sum reads, and what is added to it, made before the convolution.
        (NodeProto, string)? Only(string a, string b)
        {
            foreach (var (mine, other) in (ReadOnlySpan<(string, string)>)[(b, a), (a, b)])
                if (Single(mine) is { } conv && made.TryGetValue(other, out var when) && when < made[mine]) return (conv, other);
            return null;
        }

        void Take(NodeProto conv, NodeProto node)
        {
            convolutions.Remove(conv.Output[0]);
            made[node.Output[0]] = made[conv.Output[0]];
            conv.Output[0] = node.Output[0];
            convolutions[conv.Output[0]] = conv;
            gone.Add(node);
        }
    }
}
