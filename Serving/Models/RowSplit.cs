using OnnxEdit.Engine;
using OnnxEdit.Engine.Deployment;
using OnnxEdit.Surgery;

namespace OnnxEdit.Serving;

/// <summary>Shares the rows of a batch's output out among its requests.</summary>
static class RowSplit
{
    /// <summary>One tensor per request; they share the batch's bytes.</summary>
    /// <param name="output">The output of the whole batch.</param>
    /// <param name="rows">Rows of each request, in order.</param>
    internal static TensorValue[] Of(TensorValue output, IReadOnlyList<int> rows)
    {
        var all = rows.Sum();
        if (output.Shape.Length == 0 || output.Shape[0] != all)
            throw new OnnxEngineException(ErrorKind.Model, $"The output '{output.Name}' has no row per item, so that its items cannot be put together; serve it with batches of one item at most.");
        var texts = output.Type == ServedType.Bytes ? StringElements.Decode(output.Bytes.Span, output.Elements, output.Name) : null;
        var length = texts is null ? output.Bytes.Length / all : texts.Length / all;
        var parts = new TensorValue[rows.Count];
        for (int i = 0, at = 0; i < parts.Length; at += rows[i++])
        {
            var bytes = texts is null
                ? output.Bytes.Slice(at * length, rows[i] * length)
                : StringElements.Encode(texts.AsSpan(at * length, rows[i] * length).ToArray());
            parts[i] = output with { Shape = [rows[i], .. output.Shape[1..]], Bytes = bytes };
        }
        return parts;
    }
}
