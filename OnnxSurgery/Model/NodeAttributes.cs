using Google.Protobuf;
using OnnxEdit.Surgery.Proto;
using AttributeType = OnnxEdit.Surgery.Proto.AttributeProto.Types.AttributeType;

namespace OnnxEdit.Surgery.Model;

/// <summary>Reading, setting and creating node attributes.</summary>
static class NodeAttributes
{
    /// <summary>The attribute, or null when the node leaves it out.</summary>
    public static AttributeProto? Find(this NodeProto node, string name)
    {
        foreach (var a in node.Attribute)
            if (a.Name == name) return a;
        return null;
    }

    /// <summary>An integer attribute, or <paramref name="fallback"/> (the operator's default) when left out.</summary>
    public static long Int(this NodeProto node, string name, long fallback) => node.Find(name)?.I ?? fallback;

    /// <summary>A float attribute, or <paramref name="fallback"/> when left out.</summary>
    public static float Float(this NodeProto node, string name, float fallback) => node.Find(name)?.F ?? fallback;

    /// <summary>An integer-list attribute, or null when left out.</summary>
    public static long[]? Ints(this NodeProto node, string name) => node.Find(name)?.Ints.ToArray();

    /// <summary>A string attribute, or <paramref name="fallback"/> when left out.</summary>
    public static string Text(this NodeProto node, string name, string fallback) =>
        node.Find(name)?.S.ToStringUtf8() ?? fallback;

    /// <summary>Sets an integer attribute.</summary>
    public static void Set(this NodeProto node, string name, long value)
    {
        var a = FindOrAdd(node, name, AttributeType.Int);
        a.I = value;
    }

    /// <summary>Sets an integer-list attribute.</summary>
    public static void Set(this NodeProto node, string name, params long[] values)
    {
        var a = FindOrAdd(node, name, AttributeType.Ints);
        a.Ints.Clear();
        a.Ints.AddRange(values);
    }

    /// <summary>Sets a float attribute.</summary>
    public static void Set(this NodeProto node, string name, float value)
    {
        var a = FindOrAdd(node, name, AttributeType.Float);
        a.F = value;
    }

    /// <summary>Sets a string attribute.</summary>
    public static void Set(this NodeProto node, string name, string value)
    {
        var a = FindOrAdd(node, name, AttributeType.String);
        a.S = ByteString.CopyFromUtf8(value);
    }

    /// <summary>A node of the default domain.</summary>
    public static NodeProto Node(string op, IEnumerable<string> inputs, IEnumerable<string> outputs, string name = "")
    {
        var node = new NodeProto { OpType = op };
        if (name.Length > 0) node.Name = name;
        node.Input.AddRange(inputs);
        node.Output.AddRange(outputs);
        return node;
    }

    /// <summary>True for the default operator domain, written as "" or "ai.onnx".</summary>
    public static bool IsStandard(this NodeProto node) => node.Domain is "" or "ai.onnx";

    static AttributeProto FindOrAdd(NodeProto node, string name, AttributeType type)
    {
        var a = node.Find(name);
        if (a is null) node.Attribute.Add(a = new AttributeProto { Name = name });
        a.Type = type;
        return a;
    }
}
