using System.Globalization;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Engine.Deployment;

namespace OnnxEdit.Serving;

/// <summary>The protocol's classification extension: scores become texts "value:index:label", the highest first.</summary>
static class Classification
{
    /// <summary>The best classes of every row of an output.</summary>
    /// <param name="output">Scores [rows, classes], or [classes] where the model has no batch.</param>
    /// <param name="count">Classes per row at most.</param>
    /// <param name="labels">Names of the classes; those missing are left away.</param>
    internal static TensorValue Best(TensorValue output, int count, IReadOnlyList<string> labels)
    {
        if (output.Shape.Length is 0 or > 2 || output.Type == ServedType.Bytes || output.Type == ServedType.Named("BOOL"))
            throw RequestRefused.Bad($"The output '{output.Name}' [{string.Join(',', output.Shape)}] {output.Type} holds no scores per class, so 'classification' cannot be asked of it.");
        var classes = (int)output.Shape[^1];
        var rows = output.Shape.Length == 2 ? (int)output.Shape[0] : 1;
        count = Math.Min(count, classes);
        List<string> texts = [];
        for (var row = 0; row < rows; row++)
        {
            var scores = Enumerable.Range(0, classes).Select(k => Score(output, row * classes + k)).ToArray();
            foreach (var k in Enumerable.Range(0, classes).OrderByDescending(k => scores[k]).Take(count))
                texts.Add(string.Create(CultureInfo.InvariantCulture, $"{(float)scores[k]}:{k}{(k < labels.Count ? $":{labels[k]}" : "")}"));
        }
        return new TensorValue(output.Name, ServedType.Bytes, output.Shape.Length == 2 ? [rows, count] : [count], StringElements.Encode(texts));
    }

    static double Score(TensorValue tensor, int at)
    {
        var bytes = tensor.Bytes.Span.Slice(at * tensor.Type.Size, tensor.Type.Size);
        return tensor.Type.Element switch
        {
            TensorElementType.Float => BitConverter.ToSingle(bytes),
            TensorElementType.Double => BitConverter.ToDouble(bytes),
            TensorElementType.Float16 => (double)BitConverter.ToHalf(bytes),
            TensorElementType.BFloat16 => BitConverter.UInt32BitsToSingle((uint)BitConverter.ToUInt16(bytes) << 16),
            TensorElementType.Int64 => BitConverter.ToInt64(bytes),
            TensorElementType.Int32 => BitConverter.ToInt32(bytes),
            TensorElementType.Int16 => BitConverter.ToInt16(bytes),
            TensorElementType.Int8 => (sbyte)bytes[0],
            TensorElementType.UInt64 => BitConverter.ToUInt64(bytes),
            TensorElementType.UInt32 => BitConverter.ToUInt32(bytes),
            TensorElementType.UInt16 => BitConverter.ToUInt16(bytes),
            _ => bytes[0],
        };
    }
}
