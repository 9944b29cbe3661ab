using Microsoft.ML.OnnxRuntime.Tensors;

namespace OnnxEdit.Engine.Deployment;

/// <summary>An element type as the Open Inference Protocol names it.</summary>
/// <param name="Name">The protocol's name, e.g. "FP32".</param>
/// <param name="Element">ONNX Runtime's.</param>
/// <param name="Size">Bytes of one element; 0 for BYTES, whose elements vary.</param>
sealed record ServedType(string Name, TensorElementType Element, int Size)
{
    static readonly ServedType[] _all =
    [
        new("BOOL", TensorElementType.Bool, 1), new("UINT8", TensorElementType.UInt8, 1), new("UINT16", TensorElementType.UInt16, 2),
        new("UINT32", TensorElementType.UInt32, 4), new("UINT64", TensorElementType.UInt64, 8), new("INT8", TensorElementType.Int8, 1),
        new("INT16", TensorElementType.Int16, 2), new("INT32", TensorElementType.Int32, 4), new("INT64", TensorElementType.Int64, 8),
        new("FP16", TensorElementType.Float16, 2), new("FP32", TensorElementType.Float, 4), new("FP64", TensorElementType.Double, 8),
        new("BF16", TensorElementType.BFloat16, 2), new("BYTES", TensorElementType.String, 0),
    ];

    /// <summary>Strings: each element is a little-endian 32-bit length and that many bytes.</summary>
    public static ServedType Bytes { get; } = _all[^1];

    /// <summary>The same in a Triton configuration, e.g. "TYPE_FP32".</summary>
    public string Triton => this == Bytes ? "TYPE_STRING" : $"TYPE_{Name}";

    /// <summary>True for floating-point numbers of any width.</summary>
    public bool IsFloat => Element is TensorElementType.Float or TensorElementType.Float16 or TensorElementType.Double or TensorElementType.BFloat16;

    /// <summary>The type of that protocol name, or null.</summary>
    public static ServedType? Named(string? name) => Array.Find(_all, type => type.Name == name);

    /// <summary>The type of ONNX Runtime's elements, or null where the protocol has none.</summary>
    public static ServedType? Of(TensorElementType element) => Array.Find(_all, type => type.Element == element);

    /// <inheritdoc/>
    public override string ToString() => Name;
}
