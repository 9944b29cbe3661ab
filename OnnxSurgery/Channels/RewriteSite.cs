using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels;

/// <summary>What a <see cref="ConstantRewrite"/> may touch: one node of the edited graph and its own constants.</summary>
sealed class RewriteSite(NodeProto node, GraphProto graph, Func<int, bool> isKept)
{
    /// <summary>The node of the edited graph.</summary>
    public NodeProto Node { get; } = node;

    /// <summary>Positions along an axis that stay.</summary>
    public int[] Kept(int[] ids) => [.. Enumerable.Range(0, ids.Length).Where(i => isKept(ids[i]))];

    /// <summary>Number of positions that stay.</summary>
    public int KeptCount(int[] ids) => ids.Count(isKept);

    /// <summary>The places that stay, in the numbering of what is left of <paramref name="of"/>; those that go are left out.</summary>
    public long[] Renumbered(IEnumerable<int> places, int[] of)
    {
        var rank = new int[of.Length];
        for (int i = 0, next = 0; i < of.Length; i++) rank[i] = isKept(of[i]) ? next++ : -1;
        return [.. places.Select(p => (long)rank[p]).Where(r => r >= 0)];
    }

    /// <summary>Places another node before this one, so that it reads what that node makes of its first input.</summary>
    public void InsertBefore(NodeProto other)
    {
        graph.Node.Insert(graph.Node.IndexOf(Node), other);
        Node.Input[0] = other.Output[0];
    }

    /// <summary>Places an operator of its first output and a constant behind this node; readers read what that makes.</summary>
    public void InsertAfter(string op, string constant)
    {
        var (name, inner) = (Node.Output[0], $"{Node.Output[0]}_of_kept");
        Node.Output[0] = inner;
        graph.Node.Insert(graph.Node.IndexOf(Node) + 1, NodeAttributes.Node(op, [inner, constant], [name], $"{inner}_{op}"));
    }

    /// <summary>Multiplies a constant float input by a number; only for a constant that no other node reads.</summary>
    public void Scale(int input, float factor)
    {
        var tensor = graph.Initializer.First(t => t.Name == Node.Input[input]);
        TensorData.SetFloats(tensor, Array.ConvertAll(TensorData.Floats(tensor), v => v * factor));
    }

    /// <summary>A new constant number of the graph.</summary>
    public string AddFloat(string name, float value, TensorProto.Types.DataType type)
    {
        var tensor = TensorData.FromFloats(name, [], [value]);
        tensor.DataType = (int)type;
        TensorData.SetFloats(tensor, [value]);
        graph.Initializer.Add(tensor);
        return name;
    }

    /// <summary>A new constant vector of the graph.</summary>
    public string AddIntegers(string name, ReadOnlySpan<long> values)
    {
        graph.Initializer.Add(TensorData.FromIntegers(name, [values.Length], values));
        return name;
    }

    /// <summary>True when the channel stays.</summary>
    public bool IsKept(int id) => isKept(id);

    /// <summary>Values of a constant integer input.</summary>
    public long[] Integers(int input) => TensorData.Integers(graph.Initializer.First(t => t.Name == Node.Input[input]));

    /// <summary>Gives the node its own copy of a constant integer input with new values (the tensor may be shared).</summary>
    public void SetIntegers(int input, ReadOnlySpan<long> values)
    {
        if (!TensorData.Integers(graph.Initializer.First(t => t.Name == Node.Input[input])).AsSpan().SequenceEqual(values))
            ReplaceIntegers(input, values);
    }

    /// <summary>Gives the node a new constant vector as one of its inputs, appending inputs if need be.</summary>
    public void ReplaceIntegers(int input, ReadOnlySpan<long> values) => ReplaceIntegers(input, values, [values.Length]);

    /// <summary>The same for a table or a scalar.</summary>
    public void ReplaceIntegers(int input, ReadOnlySpan<long> values, long[] dims)
    {
        while (Node.Input.Count <= input) Node.Input.Add("");
        var old = graph.Initializer.FirstOrDefault(t => t.Name == Node.Input[input]);
        var tensor = TensorData.FromIntegers($"{Node.Output[0]}_kept_{input}", dims, values);
        if (old is not null && old.DataType == (int)TensorProto.Types.DataType.Int32)
        {
            tensor.DataType = old.DataType;
            TensorData.SetIntegers(tensor, values);
        }
        graph.Initializer.Add(tensor);
        Node.Input[input] = tensor.Name;
    }
}
