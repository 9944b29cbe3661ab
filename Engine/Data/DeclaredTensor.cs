using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Data;

/// <summary>A graph input or output as the file declares it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its element type; undefined for sequences, maps and undeclared types.</param>
/// <param name="Shape">Its extents, -1 where open; empty when not declared (or a scalar).</param>
sealed record DeclaredTensor(string Name, DataType Type, IReadOnlyList<long> Shape)
{
    /// <summary>Names of the open extents by axis, e.g. "batch_size"; null where the extent is a number or has no name.</summary>
    public IReadOnlyList<string?> AxisNames { get; init; } = [];

    /// <summary>The element type as people write it, e.g. "float32".</summary>
    public string TypeName => NameOf(Type);

    /// <summary>Whether its elements are floats of any width.</summary>
    public bool IsFloat => Type is DataType.Float or DataType.Float16 or DataType.Bfloat16 or DataType.Double;

    /// <summary>Reads a declaration.</summary>
    public static DeclaredTensor Of(ValueInfoProto value)
    {
        var tensor = value.Type?.TensorType;
        var dims = tensor?.Shape?.Dim.ToArray() ?? [];
        return new DeclaredTensor(
            value.Name,
            (DataType)(tensor?.ElemType ?? 0),
            [.. dims.Select(dim => dim.HasDimValue && dim.DimValue > 0 ? dim.DimValue : -1)])
        {
            AxisNames = [.. dims.Select(dim => dim.HasDimParam && dim.DimParam.Length > 0 ? dim.DimParam : null)],
        };
    }

    /// <summary>The shape in brackets, open extents by name, e.g. "[N,3,32,32]".</summary>
    public override string ToString() =>
        $"[{string.Join(',', Shape.Select((extent, axis) => extent > 0 ? $"{extent}" : AxisNames.ElementAtOrDefault(axis) ?? "?"))}]";

    internal static string NameOf(DataType type) => type switch
    {
        DataType.Float => "float32",
        DataType.Double => "float64",
        _ => type.ToString().ToLowerInvariant(),
    };
}
