using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Surgery.Graph;

/// <summary>
/// Refuses to run what cannot fit into memory. A file of a kilobyte can ask for terabytes (Tile, Expand, Resize, Pad
/// by a large constant); ONNX Runtime's shape inference tells before anything is run.
/// </summary>
static class TraceRoom
{
    /// <summary>Bytes for activations; the other half is for weights and scratch space.</summary>
    public static double Limit => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2.0;

    /// <summary>Checks all outputs of a session together.</summary>
    /// <param name="session">The session; every tensor that matters is an output.</param>
    /// <param name="batch">Size counted for symbolic dimensions.</param>
    /// <exception cref="OnnxSurgeryException">Too large; the largest tensor is named.</exception>
    public static void Require(ModelSession session, int batch)
    {
        var (total, name, largest) = Sum(session, batch);
        if (total > Limit) throw TooLarge(name, largest);
    }

    /// <summary>True when the outputs of a session may become part of the model: they are then held several times over.</summary>
    public static bool MayBeStored(ModelSession session) => Sum(session, 1).Total <= Limit / 4;

    static (double Total, string Name, double Largest) Sum(ModelSession session, int batch)
    {
        double total = 0, largest = 0;
        var name = "";
        foreach (var (output, type) in session.OutputMetadata)
        {
            if (!type.IsTensor) continue;
            var bytes = Size(type.ElementDataType);
            // -1 is symbolic; other negative numbers are what 32 bits leave of a larger one.
            foreach (var d in type.Dimensions) bytes *= d >= 0 ? d : d == -1 ? batch : uint.MaxValue;
            total += bytes;
            if (bytes > largest) (largest, name) = (bytes, output);
        }
        return (total, name, largest);
    }

    /// <summary>Checks one tensor that is about to be made.</summary>
    public static void Require(string name, long[] shape)
    {
        var elements = shape.Aggregate(1.0, (n, d) => n * d);
        // One array must hold it.
        if (4 * elements > Limit || elements > Array.MaxLength) throw TooLarge(name, 4 * elements);
    }

    static OnnxSurgeryException TooLarge(string name, double bytes) => new(FormattableString.Invariant(
        $"The model does not fit into memory: tensor '{name}' alone would take {bytes / (1 << 20):N0} MB, and {Limit / (1 << 20):N0} MB may be used for activations; check its sizes and the input shape."));

    static double Size(TensorElementType type) => type switch
    {
        TensorElementType.Bool or TensorElementType.UInt8 or TensorElementType.Int8 => 1,
        TensorElementType.Float16 or TensorElementType.BFloat16 or TensorElementType.Int16 or TensorElementType.UInt16 => 2,
        TensorElementType.Double or TensorElementType.Int64 or TensorElementType.UInt64 => 8,
        _ => 4,
    };
}
