using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels.Rules;

/// <summary>
/// Products of tensors whose axes carry labels: MatMul of two activations and Einsum. Channels that share a label go
/// together; a label that the output lacks is summed over, so that a removed pair adds nothing.
/// </summary>
static class ContractionRules
{
    /// <summary>MatMul: [.., m, k] times [.., k, n] with NumPy broadcasting of the axes in front.</summary>
    public static void MatMul(NodeProto node, ChannelFlow flow)
    {
        if (flow.IsConstant(node, 0) || flow.IsConstant(node, 1))
        {
            LinearRules.MatMul(node, flow);
            return;
        }
        var (a, b) = (flow.Shape(node.Input[0]), flow.Shape(node.Input[1]));
        if (a.Length < 2 || b.Length < 2)
        {
            flow.LockInputs(node, "multiplies by a vector that the graph computes");
            return;
        }
        Product(node, flow, turnedA: false, turnedB: false);
    }

    /// <summary>A matrix product of operands of rank 2 or more, each of which may be stored transposed.</summary>
    public static void Product(NodeProto node, ChannelFlow flow, bool turnedA, bool turnedB)
    {
        var (a, b) = (flow.Shape(node.Input[0]).Length, flow.Shape(node.Input[1]).Length);
        // Axes in front are labelled from the right: '0' is next to the matrix.
        Contract(node, flow, [Front(a) + (turnedA ? "km" : "mk"), Front(b) + (turnedB ? "nk" : "kn")], Front(Math.Max(a, b)) + "mn");

        static string Front(int rank) => new([.. Enumerable.Range(0, rank - 2).Reverse().Select(i => (char)('0' + i))]);
    }

    /// <summary>Einsum without an ellipsis and without a letter repeated in one term.</summary>
    public static void Einsum(NodeProto node, ChannelFlow flow)
    {
        if (EinsumLabels.Of(node) is { } labels) Contract(node, flow, labels.Inputs, labels.Output);
        else flow.LockInputs(node, "its equation has an ellipsis, a repeated letter or no arrow; write it out to make channels removable");
    }

    static void Contract(NodeProto node, ChannelFlow flow, string[] inputs, string output)
    {
        // A size of 1 against more is broadcast: that axis takes no part.
        var shapes = inputs.Select((_, i) => flow.Shape(node.Input[i])).ToArray();
        bool HasPart(int input, char label) => inputs[input].IndexOf(label, StringComparison.Ordinal) is var at and >= 0
            && (shapes[input][at] > 1 || inputs.Select((l, i) => (l, i)).All(p => !p.l.Contains(label) || shapes[p.i][p.l.IndexOf(label, StringComparison.Ordinal)] == 1));
        List<(char Label, int[] Ids)> carried = [];
        foreach (var label in inputs.SelectMany(l => l).Distinct().ToArray())
        {
            var carriers = Carriers(label).ToArray();
            if (carriers.Length == 0) continue;
            if (carriers.Any(i => !HasPart(i, label)))
            {
                flow.LockInputs(node, "one channel is broadcast over many");
                return;
            }
            var ids = flow.Of(node.Input[carriers[0]])!.Ids;
            var reason = flow.Because(node, output.Contains(label)
                ? "meets a tensor whose channels must stay"
                : "multiplies channels with a tensor whose channels must stay; both must come from linear operators with constant weights");
            foreach (var other in carriers.Skip(1)) flow.Join(ids, flow.Of(node.Input[other])!.Ids, reason);
            for (var i = 0; i < inputs.Length; i++)
            {
                if (carriers.Contains(i) || !HasPart(i, label)) continue;
                if (flow.IsConstant(node, i)) flow.Parameter(node, i, inputs[i].IndexOf(label, StringComparison.Ordinal), ids);
                else flow.Lock(ids, reason);
            }
            if (output.Contains(label)) carried.Add((label, ids));
            else
                foreach (var i in carriers) flow.Consume(node, i, flow.Of(node.Input[i])!);
        }
        if (carried.Count > 1) flow.LockInputs(node, "its inputs carry channels on different axes");
        else if (carried.Count == 1) flow.Set(node.Output[0], output.IndexOf(carried[0].Label, StringComparison.Ordinal), carried[0].Ids);
        else Produce(node, flow, inputs, output);

        IEnumerable<int> Carriers(char label) => Enumerable.Range(0, inputs.Length).Where(i =>
            flow.Of(node.Input[i]) is { } c && inputs[i][c.Axis] == label);
    }

    // A constant matrix makes channels along the one letter that only it has.
    static void Produce(NodeProto node, ChannelFlow flow, string[] inputs, string output)
    {
        var weights = Enumerable.Range(0, inputs.Length).Where(i => flow.IsConstant(node, i)).ToArray();
        if (weights is not [var w] || inputs.Length != 2) return;
        var own = inputs[w].Where(l => output.Contains(l) && !inputs[1 - w].Contains(l)).ToArray();
        if (own is not [var label]) return;
        var axis = inputs[w].IndexOf(label, StringComparison.Ordinal);
        var made = flow.Produce(node, (int)flow.Shape(node.Input[w])[axis]);
        flow.Parameter(node, w, axis, made);
        flow.Set(node.Output[0], output.IndexOf(label, StringComparison.Ordinal), made);
    }
}
