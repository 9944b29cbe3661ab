using System.Text.Json.Serialization;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Deployment;

/// <summary>An input or output of a served model.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Datatype">Its element type, by the protocol's name.</param>
/// <param name="Shape">Its extents, the batch included, -1 where open.</param>
public sealed record ServedTensor(string Name, string Datatype, IReadOnlyList<long> Shape)
{
    /// <summary>The element type.</summary>
    [JsonIgnore]
    internal ServedType Type => ServedType.Named(Datatype)
        ?? throw new OnnxEngineException(ErrorKind.Data, $"The tensor '{Name}' has the unknown datatype '{Datatype}'.");

    /// <summary>Whether a tensor of this shape may be given for it.</summary>
    public bool Accepts(ReadOnlySpan<long> shape)
    {
        if (shape.Length != Shape.Count) return false;
        for (var axis = 0; axis < shape.Length; axis++)
            if (Shape[axis] >= 0 && Shape[axis] != shape[axis]) return false;
        return true;
    }
}
